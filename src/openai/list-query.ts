import type { KeyValue } from '../chat/prompt/completion-input.ts'
import { invalid } from './error.ts'

/** The query of a list, as it was sent. */
export interface ListQuery {
  after: string | null
  isDescending: boolean
  /** NaN if it is not a number. */
  limit: number
  model: string | null
  metadata: KeyValue[]
}

type Name = 'after' | 'limit' | 'order' | 'model' | 'metadata'

const usualLimit = '20'
const metadataForm = /^metadata\[(.*)\]$/s

/** Throws OpenaiError for a parameter that the list does not have, or that is given twice. */
export function readListQuery(query: URLSearchParams, names: readonly Name[]): ListQuery {
  const given = new Map<string, string>()
  const metadata: KeyValue[] = []
  for (const [name, value] of query) {
    const key = metadataForm.exec(name)?.[1]
    const isKnown = names.some((each) => (each === 'metadata' ? key !== undefined : each === name))
    if (!isKnown) throw invalid(name.slice(0, 64), `is not a parameter of this list, which takes ${names.join(', ')}`)
    if (given.has(name)) throw invalid(name, 'is given twice')
    given.set(name, value)
    if (key !== undefined) metadata.push({ key, value })
  }
  const order = given.get('order') ?? 'asc'
  if (order !== 'asc' && order !== 'desc') throw invalid('order', 'takes asc or desc')
  return {
    after: given.get('after') ?? null,
    isDescending: order === 'desc',
    limit: Number(given.get('limit') ?? usualLimit),
    model: given.get('model') ?? null,
    metadata,
  }
}
