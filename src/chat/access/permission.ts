import type { Conversation } from '../../store/conversation.ts'
import type { ParticipantRole } from '../../store/participant.ts'
import type { Store } from '../../store/store.ts'
import { forbidden, notFound } from './error.ts'
import type { User } from './viewer.ts'

/**
 * Finds the conversation if the viewer has one of the roles. Throws NOT_FOUND, or FORBIDDEN with `what` as the end of its
 * message.
 */
export async function permitted(
  { conversations }: Store,
  viewer: User,
  id: string,
  may: readonly ParticipantRole[],
  what: string,
): Promise<Conversation> {
  const [conversation] = await conversations.find(viewer.id, [id])
  if (conversation === undefined) throw notFound('conversation')
  if (!may.includes(conversation.viewerRole))
    throw forbidden(`Your role in this conversation does not let you ${what}.`)
  return conversation
}
