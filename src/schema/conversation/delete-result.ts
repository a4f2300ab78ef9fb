import { builder } from '../builder.ts'
import { createResult } from '../error.ts'

const DeletePayload = builder.objectRef<{ deletedId: string }>('DeletePayload').implement({
  description: 'It is gone.',
  fields: (t) => ({
    deletedId: t.exposeID('deletedId', { description: 'The id that was given, to take it out of a cache.' }),
  }),
})

export const DeleteResult = createResult('DeleteResult', 'What was deleted, or why nothing was.', DeletePayload, [
  'NOT_FOUND',
  'FORBIDDEN',
])
