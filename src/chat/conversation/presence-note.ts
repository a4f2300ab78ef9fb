import { maxNoteBytes, uuidOf } from '../../bus/wake-up.ts'

/** A replica's note about one person in one conversation. */
export interface PresenceFact {
  conversationId: string
  userId: string
  /** Unix milliseconds. */
  sinceMs: number
  /** Whether they have the conversation open at that replica. */
  isOpen: boolean
  /** For how many more milliseconds they count as writing. */
  typingMs: number
}

// Both ids, the time in 6 bytes, the typing time in 2, and whether the conversation is open in 1.
const idBytes = 16
const sinceAt = 2 * idBytes
const typingAt = sinceAt + 6
const openAt = typingAt + 2
const factBytes = openAt + 1
// A note of another kind or version begins with another byte.
const mark = 1
const factsPerNote = Math.floor((maxNoteBytes - 1) / factBytes)

export function writePresence(facts: readonly PresenceFact[]): Buffer[] {
  const notes: Buffer[] = []
  for (let from = 0; from < facts.length; from += factsPerNote) {
    const parts = facts.slice(from, from + factsPerNote).map(writeFact)
    notes.push(Buffer.concat([Buffer.of(mark), ...parts]))
  }
  return notes
}

export function readPresence(note: Buffer): PresenceFact[] {
  if (note[0] !== mark) return []
  const facts: PresenceFact[] = []
  for (let from = 1; from + factBytes <= note.length; from += factBytes) {
    facts.push(readFact(note.subarray(from, from + factBytes)))
  }
  return facts
}

function writeFact({ conversationId, userId, sinceMs, isOpen, typingMs }: PresenceFact): Buffer {
  const bytes = Buffer.alloc(factBytes)
  bytes.write(`${conversationId}${userId}`.replaceAll('-', ''), 'hex')
  bytes.writeUIntBE(sinceMs, sinceAt, 6)
  bytes.writeUInt16BE(typingMs, typingAt)
  bytes.writeUInt8(Number(isOpen), openAt)
  return bytes
}

function readFact(bytes: Buffer): PresenceFact {
  return {
    conversationId: uuidOf(bytes.toString('hex', 0, idBytes)),
    userId: uuidOf(bytes.toString('hex', idBytes, sinceAt)),
    sinceMs: bytes.readUIntBE(sinceAt, 6),
    typingMs: bytes.readUInt16BE(typingAt),
    isOpen: bytes.readUInt8(openAt) === 1,
  }
}
