import { builder } from './builder.ts'
import { errorCodes } from './client-error.ts'

builder.enumType('ErrorCode', {
  description:
    'The possible values of `extensions.code` in an entry of `errors`. No field has this type; clients can generate their own type from it.',
  values: errorCodes,
})
