import type { BranchChoice } from '../../store/branch.ts'
import type { Conversation } from '../../store/conversation.ts'
import type { Store } from '../../store/store.ts'
import { notFound } from '../access/error.ts'
import type { User } from '../access/viewer.ts'

/**
 * The viewer's current branch and read position, which every role may change. Both methods return the changed conversation, and
 * throw ChatError.
 */
export interface Branches {
  select(viewer: User, messageId: string): Promise<Conversation>
  markRead(viewer: User, messageId: string): Promise<Conversation>
}

export function createBranches({ branches, conversations, messages }: Store): Branches {
  const choosing =
    (choose: (choice: BranchChoice) => Promise<boolean>) =>
    async (viewer: User, messageId: string): Promise<Conversation> => {
      const [message] = await messages.find(viewer.id, [messageId])
      const conversationId = message?.conversationId
      if (!conversationId) throw notFound('message')
      if (!(await choose({ viewerId: viewer.id, conversationId, messageId }))) throw notFound('message')
      const [conversation] = await conversations.find(viewer.id, [conversationId])
      if (conversation === undefined) throw notFound('message')
      return conversation
    }
  return { select: choosing(branches.select), markRead: choosing(branches.markRead) }
}
