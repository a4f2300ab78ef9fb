import type { Message } from '../../store/message.ts'
import type { Store } from '../../store/store.ts'
import { forbidden, notFound } from '../access/error.ts'
import type { User } from '../access/viewer.ts'
import { writableConversation } from './insertion-point.ts'
import { titleFrom } from './title.ts'

/**
 * Deletes a message. An answer that is still being written is cancelled first. Returns the conversation's id. Throws ChatError.
 */
export async function deleteMessage(
  store: Store,
  cancel: (completionId: string) => Promise<void>,
  viewer: User,
  id: string,
): Promise<string> {
  for (;;) {
    const [message] = await store.messages.find(viewer.id, [id])
    if (!message?.conversationId) throw notFound('message')
    await refuseUnlessAllowed(store, viewer, message, message.conversationId)
    if (message.status === 'STREAMING' && message.completionId !== null) await cancel(message.completionId)
    // If nothing was deleted, the repeated checks find the reason: the message is gone, or the viewer may no longer delete it.
    if (!(await store.messages.remove(viewer.id, message.conversationId, id))) continue
    // A title made of the first words of the deleted message is removed, too. The next answer brings a new one.
    const title = message.content === null ? null : titleFrom(message.content)
    if (title !== null) await store.titles.withdraw(message.conversationId, title)
    return message.conversationId
  }
}

async function refuseUnlessAllowed(store: Store, viewer: User, message: Message, conversationId: string) {
  const { viewerRole } = await writableConversation(store, viewer, conversationId)
  if (viewerRole === 'OWNER' || message.authorId === viewer.id) return
  const [completion] = message.completionId === null ? [] : await store.completions.load([message.completionId])
  if (completion?.requesterId === viewer.id) return
  throw forbidden("Only an OWNER may delete other people's messages and the answers to them.")
}
