import { type Topic, topics } from './bus.ts'

/** A message between replicas. `origin` is the bus that sent it. */
export interface WakeUp {
  origin: string
  topic: Topic
  ids: string[]
}

/** A message that is not stored, in bytes that only its sender and its listeners understand. */
export interface Note {
  origin: string
  topic: 'note'
  note: Buffer
}

// <origin> <topic> <the ids, 16 bytes each, or the note, in base64>
const form = /^(\S+) (\S+) ([A-Za-z0-9+/]+=*)$/
const idBytes = 16
// The ids take 7,680 characters in base64, and with the header less than 8,000 bytes, which is the maximum of NOTIFY.
const idsPerText = 360

export const maxNoteBytes = idsPerText * idBytes

export function writeWakeUp({ origin, topic, ids }: WakeUp): string[] {
  const bytes = Buffer.from(ids.join('').replaceAll('-', ''), 'hex')
  const texts: string[] = []
  for (let from = 0; from < bytes.length; from += idsPerText * idBytes) {
    texts.push(`${origin} ${topic} ${bytes.toString('base64', from, from + idsPerText * idBytes)}`)
  }
  return texts
}

export function writeNote({ origin, topic, note }: Note): string {
  return `${origin} ${topic} ${note.toString('base64')}`
}

/** Returns null for any other text, because other programs may use the channel, too. */
export function readText(text: string): WakeUp | Note | null {
  const [, origin = '', name, packed = ''] = form.exec(text) ?? []
  if (name === 'note') return { origin, topic: name, note: Buffer.from(packed, 'base64') }
  // A replica of another version may use other topics.
  const topic = topics.find((known) => known === name)
  return topic === undefined ? null : { origin, topic, ids: idsIn(Buffer.from(packed, 'base64')) }
}

function idsIn(bytes: Buffer): string[] {
  const ids: string[] = []
  for (let from = 0; from < bytes.length; from += idBytes) {
    ids.push(uuidOf(bytes.toString('hex', from, from + idBytes)))
  }
  return ids
}

export function uuidOf(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
