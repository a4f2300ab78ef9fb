import { type Topic, topics } from './bus.ts'

/** What replicas say to each other. `origin` is the bus that says it. */
export interface WakeUp {
  origin: string
  topic: Topic
  ids: string[]
}

// <origin> <topic> <the ids, 16 bytes each, in base64>
const form = /^(\S+) (\S+) ([A-Za-z0-9+/]+=*)$/
const idBytes = 16
// 7,680 characters in base64: with the words before them less than the 8,000 bytes that a NOTIFY can carry.
const idsPerText = 360

export function writeWakeUp({ origin, topic, ids }: WakeUp): string[] {
  const bytes = Buffer.from(ids.join('').replaceAll('-', ''), 'hex')
  const texts: string[] = []
  for (let from = 0; from < bytes.length; from += idsPerText * idBytes) {
    texts.push(`${origin} ${topic} ${bytes.toString('base64', from, from + idsPerText * idBytes)}`)
  }
  return texts
}

/** null for what is no wake-up: others may use the channel, too. */
export function readWakeUp(text: string): WakeUp | null {
  const [, origin = '', name, packed = ''] = form.exec(text) ?? []
  // A replica of another version may know other topics.
  const topic = topics.find((known) => known === name)
  if (topic === undefined) return null
  const bytes = Buffer.from(packed, 'base64')
  const ids: string[] = []
  for (let from = 0; from < bytes.length; from += idBytes) {
    ids.push(writeId(bytes.toString('hex', from, from + idBytes)))
  }
  return { origin, topic, ids }
}

function writeId(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
