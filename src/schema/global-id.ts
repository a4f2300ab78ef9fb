export type NodeType = 'User' | 'ApiKey' | 'Invitation' | 'Conversation' | 'Participant' | 'Message' | 'Completion'

// A malformed id becomes an id that no object has, so that it is treated like the id of an object that does not exist.
const nothing = '00000000-0000-0000-0000-000000000000'

const idForm =
  /^(User|ApiKey|Invitation|Conversation|Message|Completion):([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/
const participantForm =
  /^(Participant):([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/

export function writeId(type: Exclude<NodeType, 'Participant'>, id: string): string {
  return Buffer.from(`${type}:${id}`).toString('base64url')
}

/** Identifies a participant, who has no id of their own in the store. */
interface ParticipantKey {
  conversationId: string
  userId: string
}

export function participantKey({ conversationId, userId }: ParticipantKey): string {
  return `${conversationId}:${userId}`
}

export function readParticipantKey(key: string): ParticipantKey {
  const [conversationId = nothing, userId = nothing] = key.split(':')
  return { conversationId, userId }
}

export function writeParticipantId(key: ParticipantKey): string {
  return Buffer.from(`Participant:${participantKey(key)}`).toString('base64url')
}

/** No id is longer than this. A longer text is not decoded. */
const longest = 120

/** Returns null if the text is not an id of this service. The id of a Participant is a `participantKey`. */
export function readAnyId(globalId: string): { type: NodeType; id: string } | null {
  if (globalId.length > longest) return null
  const text = Buffer.from(globalId, 'base64url').toString()
  const [, type, id] = idForm.exec(text) ?? participantForm.exec(text) ?? []
  return type === undefined || id === undefined ? null : { type: type as NodeType, id }
}

/** For a malformed id, or an id of another type, returns an id that no object has. */
export function readId(type: Exclude<NodeType, 'Participant'>, globalId: string): string {
  const found = readAnyId(globalId)
  return found?.type === type ? found.id : nothing
}

export function readOptionalId(
  type: Exclude<NodeType, 'Participant'>,
  globalId: string | null | undefined,
): string | null {
  return globalId === null || globalId === undefined ? null : readId(type, globalId)
}
