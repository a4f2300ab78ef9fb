import { maxUnread } from '../../chat/conversation/conversation.ts'
import { builder } from '../builder.ts'
import { loadOptional } from '../context.ts'
import { readId } from '../global-id.ts'
import { ConversationResult, conversationResult } from './conversation-result.ts'

builder.objectFields('Conversation', (t) => ({
  currentLeaf: t.field({
    type: 'Message',
    nullable: true,
    description: 'The last message of the branch where the viewer stands; null while there are no messages.',
    resolve: ({ viewerLeafId }, _, { messages }) => loadOptional(messages, viewerLeafId),
  }),
  unreadCount: t.int({
    description:
      "How many messages stand on the viewer's path after their `lastReadMessage`, their own among them; all where there is none. No more " +
      `than ${maxUnread} are counted, so ${maxUnread} stands for that many or more.`,
    resolve: ({ id }, _, { unreadCounts }) => unreadCounts.load(id),
  }),
}))

builder.mutationFields((t) => ({
  selectBranch: t.field({
    type: ConversationResult,
    nullable: true,
    description:
      "Makes the branch that ends in, or passes through, this message the viewer's current one, for nobody else. Where the viewer " +
      'stands below it, they stay there; else they go to the newest message below it. Any participant may.',
    args: { messageId: t.arg.id({ required: true, description: 'The id of a message of the branch.' }) },
    resolve: (_, { messageId }, { chat, viewer }) =>
      conversationResult(chat.branches.select(viewer, readId('Message', messageId))),
  }),
  markRead: t.field({
    type: ConversationResult,
    nullable: true,
    description:
      "Makes the message the viewer's `lastReadMessage`, unless that is a later one. It is no event of the conversation. Any participant may.",
    args: { messageId: t.arg.id({ required: true, description: 'The id of the last message that was read.' }) },
    resolve: (_, { messageId }, { chat, viewer }) =>
      conversationResult(chat.branches.markRead(viewer, readId('Message', messageId))),
  }),
}))
