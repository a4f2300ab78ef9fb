import { builder } from '../builder.ts'
import { createResult } from '../error.ts'

const DeletePayload = builder.objectRef<{ deletedId: string }>('DeletePayload').implement({
  description: 'The object was deleted.',
  fields: (t) => ({
    deletedId: t.exposeID('deletedId', { description: 'The id of the deleted object, to remove it from a cache.' }),
  }),
})

export const DeleteResult = createResult(
  'DeleteResult',
  'The id of the deleted object, or the reason why nothing was deleted.',
  DeletePayload,
  ['NOT_FOUND', 'FORBIDDEN'],
)
