import { type Conversation, conversationEdge } from '../../chat/conversation/conversation.ts'
import { builder } from '../builder.ts'
import { createResult, failable } from '../error.ts'
import { ConversationEdge } from './conversation-connection.ts'

const ConversationPayload = builder.objectRef<{ conversation: Conversation }>('ConversationPayload').implement({
  description: 'It is done.',
  fields: (t) => ({
    conversation: t.expose('conversation', {
      type: 'Conversation',
      description:
        'As it is now. For whoever has left it, as they saw it last; what is in it (people, messages, what it used) is not theirs to see any more.',
    }),
    conversationEdge: t.field({
      type: ConversationEdge,
      description:
        'Its edge in `Query.conversations`, for caches that append or move edges. The cursor is that of the list without a filter, as it is now.',
      resolve: ({ conversation }) => conversationEdge(conversation),
    }),
  }),
})

export const ConversationResult = createResult(
  'ConversationResult',
  'A conversation after a change, or why there was none.',
  ConversationPayload,
  ['INVALID_INPUT', 'NOT_FOUND', 'FORBIDDEN', 'IDEMPOTENCY_CONFLICT'],
)

/** What is expected to go wrong becomes a value of the result. */
export function conversationResult(changed: Promise<Conversation>) {
  return failable(changed.then((conversation) => ({ conversation })))
}
