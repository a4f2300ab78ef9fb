import { invalidInput } from './error.ts'

export interface PageInput {
  first?: number | null
  after?: string | null
  last?: number | null
  before?: string | null
}

export interface Page<Node> {
  edges: { cursor: string; node: Node }[]
  hasNextPage: boolean
  hasPreviousPage: boolean
}

const defaultSize = 50
const largestSize = 200

/** `size` items from one end of the range between `after` and `before`. */
export interface Range {
  size: number
  fromEnd: boolean
  after: string | null
  before: string | null
}

/** Throws INVALID_INPUT. Where neither first nor last is given, the first 50. */
export function rangeOf({ first, after, last, before }: PageInput): Range {
  if (typeof first === 'number' && typeof last === 'number') throw invalidInput('last', 'goes without first')
  for (const [name, size] of Object.entries({ first, last })) {
    if (typeof size !== 'number') continue
    if (size < 0 || size > largestSize) throw invalidInput(name, `takes 0 to ${largestSize}, not ${size}`)
  }
  const fromEnd = typeof last === 'number'
  return { size: (fromEnd ? last : first) ?? defaultSize, fromEnd, after: after ?? null, before: before ?? null }
}

/** A page of a list that is whole in memory. */
export function pageOf<Node>(nodes: readonly Node[], cursorOf: (node: Node) => string, input: PageInput): Page<Node> {
  const { size, fromEnd, after, before } = rangeOf(input)
  const edges = nodes.map((node) => ({ cursor: cursorOf(node), node }))
  const placeOf = (cursor: string, name: string) => {
    const place = edges.findIndex((edge) => edge.cursor === cursor)
    if (place < 0) throw invalidInput(name, 'is no cursor of this list')
    return place
  }
  const low = after === null ? 0 : placeOf(after, 'after') + 1
  const high = before === null ? edges.length : placeOf(before, 'before')
  const start = fromEnd ? Math.max(low, high - size) : low
  const end = fromEnd ? high : Math.min(high, low + size)
  return {
    edges: edges.slice(start, Math.max(start, end)),
    hasNextPage: end < edges.length,
    hasPreviousPage: start > 0,
  }
}
