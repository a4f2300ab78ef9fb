import type { Objects } from './builder.ts'

export type NodeType = Exclude<keyof Objects, 'Participant'>

// An id that names nothing is the id of nothing, so that it takes the same way as one that does not exist.
const nothing = '00000000-0000-0000-0000-000000000000'

const form = /^(User|ApiKey|Invitation|Conversation|Message|Completion):([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/

export function writeId(type: NodeType, id: string): string {
  return Buffer.from(`${type}:${id}`).toString('base64url')
}

/** Ids are shorter: what is longer is not even decoded. */
const longest = 100

/** null for what is no id of ours. */
export function readAnyId(globalId: string): { type: NodeType; id: string } | null {
  if (globalId.length > longest) return null
  const [, type, id] = form.exec(Buffer.from(globalId, 'base64url').toString()) ?? []
  return type === undefined || id === undefined ? null : { type: type as NodeType, id }
}

/** Of another type or no id at all: the id of nothing. */
export function readId(type: NodeType, globalId: string): string {
  const found = readAnyId(globalId)
  return found?.type === type ? found.id : nothing
}

export function readOptionalId(type: NodeType, globalId: string | null | undefined): string | null {
  return globalId === null || globalId === undefined ? null : readId(type, globalId)
}
