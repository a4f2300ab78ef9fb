import { type Conversation, conversationEdge } from '../../chat/conversation/conversation.ts'
import { builder } from '../builder.ts'
import { createResult, failable } from '../error.ts'
import { ConversationEdge } from './conversation-connection.ts'

const ConversationPayload = builder.objectRef<{ conversation: Conversation }>('ConversationPayload').implement({
  description: 'The conversation was changed.',
  fields: (t) => ({
    conversation: t.expose('conversation', {
      type: 'Conversation',
      description:
        'The conversation in its new state. A viewer who has just left it gets its last state, without its participants, messages and usage, which they may no longer see.',
    }),
    conversationEdge: t.field({
      type: ConversationEdge,
      description:
        'The edge of the conversation in `Query.conversations`, for caches that append or move edges. The cursor is for the current list without a filter.',
      resolve: ({ conversation }) => conversationEdge(conversation),
    }),
  }),
})

export const ConversationResult = createResult(
  'ConversationResult',
  'A conversation after a change, or the reason why nothing was changed.',
  ConversationPayload,
  ['INVALID_INPUT', 'NOT_FOUND', 'FORBIDDEN', 'IDEMPOTENCY_CONFLICT'],
)

/** Turns expected failures into values of the result union. */
export function conversationResult(changed: Promise<Conversation>) {
  return failable(changed.then((conversation) => ({ conversation })))
}
