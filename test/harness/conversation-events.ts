import type { ConversationEvent } from './conversation-documents.ts'
import type { Person } from './person.ts'

/** The type of an event, and what it is about. */
export function summary(event: ConversationEvent): string {
  if ('message' in event) return `${event.__typename} ${event.message.content}`
  if ('messageId' in event) return `${event.__typename} ${event.messageId}`
  if ('completion' in event) return `${event.__typename} ${event.completion.status}`
  return 'conversation' in event ? `${event.__typename} ${event.conversation.title}` : event.__typename
}

export const isLast = (event: ConversationEvent) => summary(event) === 'MessageCreated the last'

/** Returns all events of the conversation after the cursor, up to a last message that this function writes. */
export async function eventsAfter(after: string, id: string, by: Person): Promise<ConversationEvent[]> {
  await by.write(id, 'the last')
  const viewer = by.follow(id, { after })
  const events = await viewer.until(isLast)
  viewer.drop()
  return events.slice(0, -1)
}

/** Creates a conversation with one message, and returns the event cursor after that message. */
export async function beginConversation(person: Person) {
  const { id } = await person.converse({ title: 'Animals' })
  const root = (await person.write(id, 'What digs?')).createdMessage.id
  return { id, root, start: await person.eventCursor(id) }
}
