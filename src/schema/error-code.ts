import { builder } from './builder.ts'
import { errorCodes } from './client-error.ts'

builder.enumType('ErrorCode', {
  description:
    'What `extensions.code` of an entry in `errors` can be. No field has this type: it is here so that clients can generate theirs from it.',
  values: errorCodes,
})
