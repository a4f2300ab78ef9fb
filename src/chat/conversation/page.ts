import { invalidInput } from '../access/error.ts'

export interface PageInput {
  first?: number | null
  after?: string | null
  last?: number | null
  before?: string | null
}

export interface Edge<Node> {
  cursor: string
  node: Node
}

export interface Page<Node> {
  edges: Edge<Node>[]
  hasNextPage: boolean
  hasPreviousPage: boolean
}

export const usualPage = 50
export const maxPageSize = 200

/** `size` items from one end of the range between `after` and `before`. */
export interface Range {
  size: number
  fromEnd: boolean
  after: string | null
  before: string | null
}

/** Without `first` and `last`, the range is the first 50. Throws INVALID_INPUT. */
export function rangeOf({ first, after, last, before }: PageInput): Range {
  if (typeof first === 'number' && typeof last === 'number')
    throw invalidInput('last', 'cannot be combined with `first`')
  for (const [name, size] of Object.entries({ first, last })) {
    if (typeof size !== 'number') continue
    if (size < 0 || size > maxPageSize) throw invalidInput(name, `takes 0 to ${maxPageSize}, not ${size}`)
  }
  const fromEnd = typeof last === 'number'
  return { size: (fromEnd ? last : first) ?? usualPage, fromEnd, after: after ?? null, before: before ?? null }
}

/** The sort key of a list item. An item that has left the list can still be compared with the others by it. */
export interface SortKey {
  time: Date
  id: string
}

/** No cursor is longer than this. A longer text is not decoded. */
const longest = 100
const sortKeyForm = /^(\d{1,15})_([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/

export function writeSortKey({ time, id }: SortKey): string {
  return Buffer.from(`${time.getTime()}_${id}`).toString('base64url')
}

/** Throws INVALID_INPUT. */
export function readSortKey(cursor: string | null, name: string): SortKey | null {
  if (cursor === null) return null
  const match = cursor.length > longest ? null : sortKeyForm.exec(Buffer.from(cursor, 'base64url').toString())
  if (match === null) throw invalidInput(name, 'is not a cursor of this list')
  return { time: new Date(Number(match[1])), id: match[2] ?? '' }
}

function isBefore(one: SortKey, other: SortKey): boolean {
  const difference = one.time.getTime() - other.time.getTime()
  return difference === 0 ? one.id < other.id : difference < 0
}

/** A page of a list that is completely in memory, the earliest item first. Throws INVALID_INPUT. */
export function pageOf<Node>(nodes: readonly Node[], keyOf: (node: Node) => SortKey, input: PageInput): Page<Node> {
  const { size, fromEnd, ...bounds } = rangeOf(input)
  const after = readSortKey(bounds.after, 'after')
  const before = readSortKey(bounds.before, 'before')
  const keys = nodes.map(keyOf)
  const low = after === null ? 0 : keys.filter((key) => !isBefore(after, key)).length
  const high = before === null ? keys.length : keys.filter((key) => isBefore(key, before)).length
  const start = fromEnd ? Math.max(low, high - size) : low
  const end = fromEnd ? high : Math.min(high, low + size)
  const edges = nodes.map((node) => ({ cursor: writeSortKey(keyOf(node)), node }))
  return {
    edges: edges.slice(start, Math.max(start, end)),
    hasNextPage: end < edges.length,
    hasPreviousPage: start > 0,
  }
}
