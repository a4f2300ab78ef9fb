import { maxUnread } from '../../chat/conversation/conversation.ts'
import { builder } from '../builder.ts'
import { loadOptional } from '../context.ts'
import { readId } from '../global-id.ts'
import { ConversationResult, conversationResult } from './conversation-result.ts'

builder.objectFields('Conversation', (t) => ({
  currentLeaf: t.field({
    type: 'Message',
    nullable: true,
    description: "The last message of the viewer's current branch; null while there are no messages.",
    resolve: ({ viewerLeafId }, _, { messages }) => loadOptional(messages, viewerLeafId),
  }),
  unreadCount: t.int({
    description:
      "How many messages of the viewer's path come after their `lastReadMessage`, including their own; all messages if they have read none. No " +
      `more than ${maxUnread} are counted, so ${maxUnread} means that many or more.`,
    resolve: ({ id }, _, { unreadCounts }) => unreadCounts.load(id),
  }),
}))

builder.mutationFields((t) => ({
  selectBranch: t.field({
    type: ConversationResult,
    nullable: true,
    description:
      "Switches the viewer, and nobody else, to the branch with this message. If the viewer's current leaf is below the message, it stays; " +
      'else the newest leaf below it becomes the current leaf. Every role may do this.',
    args: { messageId: t.arg.id({ required: true, description: 'The id of a message on the branch.' }) },
    resolve: (_, { messageId }, { chat, viewer }) =>
      conversationResult(chat.branches.select(viewer, readId('Message', messageId))),
  }),
  markRead: t.field({
    type: ConversationResult,
    nullable: true,
    description:
      "Makes the message the viewer's `lastReadMessage`, unless that is a later one. It causes no event of the conversation. Every role may do this.",
    args: { messageId: t.arg.id({ required: true, description: 'The id of the last message that was read.' }) },
    resolve: (_, { messageId }, { chat, viewer }) =>
      conversationResult(chat.branches.markRead(viewer, readId('Message', messageId))),
  }),
}))
