import type { Message } from '../../store/message.ts'
import type { Store } from '../../store/store.ts'
import { forbidden, notFound } from '../access/error.ts'
import type { User } from '../access/viewer.ts'
import { writableConversation } from './insertion-point.ts'
import { titleFrom } from './title.ts'

/** An answer that is still written is cancelled first. Gives the conversation's id. Throws ChatError. */
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
    // Where it is not there any more, or not theirs to delete any more, the checks say so.
    if (!(await store.messages.remove(viewer.id, message.conversationId, id))) continue
    // A title that is its first words would still tell them; the next answer brings another.
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
  throw forbidden('Only an OWNER may delete what somebody else wrote or asked for.')
}
