import SchemaBuilder from '@pothos/core'
import { GraphQLDateTimeISO } from 'graphql-scalars'
import type { ApiKey } from '../chat/access/api-key.ts'
import type { User } from '../chat/access/viewer.ts'
import type { Completion } from '../chat/completion/completion.ts'
import type { Conversation, Participant } from '../chat/conversation/conversation.ts'
import type { Invitation } from '../chat/conversation/invitation.ts'
import type { Message } from '../chat/conversation/message.ts'
import type { Context } from './context.ts'
import { JsonScalar } from './json.ts'

/** Types that refer to each other in cycles. So they are referred to by their names. */
export interface Objects {
  ApiKey: ApiKey
  Completion: Completion
  Conversation: Conversation
  Invitation: Invitation
  Message: Message
  Participant: Participant
  User: User
}

export const builder = new SchemaBuilder<{
  Context: Context
  Objects: Objects
  DefaultFieldNullability: false
  Scalars: {
    Cursor: { Input: string; Output: string }
    DateTime: { Input: Date; Output: Date | string }
    ID: { Input: string; Output: string }
    JSON: { Input: NonNullable<unknown>; Output: unknown }
  }
}>({ defaultFieldNullability: false })

builder.queryType({
  description:
    'The operations that read. The viewer is the user who is signed in, and sees what belongs to them or is shared with them.',
})
builder.mutationType({
  description:
    'The operations that change something. An expected failure is a member of the result union and implements Error. ' +
    'The list `errors` is for requests that are wrong in themselves; its entries have `extensions.code`.',
})
builder.subscriptionType({
  description: 'The streams that can be watched, over graphql-transport-ws or over server-sent events.',
})

builder.addScalarType('DateTime', GraphQLDateTimeISO, {
  specifiedByURL: 'https://scalars.graphql.org/andimarek/date-time.html',
  description: 'A time as in RFC 3339, in UTC, to the millisecond, such as `2025-01-31T09:30:00.000Z`.',
})
builder.addScalarType('JSON', JsonScalar, {
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc8259',
  description: 'Any JSON value, as itself and not as text: an object, a list, a string, a number, a boolean or null.',
})
// It has no `specifiedBy`, because only this server reads a cursor and its format may change.
builder.scalarType('Cursor', {
  description:
    'A position in a stream. It is opaque: keep the latest one and pass it as `after` to continue from there.',
  serialize: String,
  parseValue: String,
})
