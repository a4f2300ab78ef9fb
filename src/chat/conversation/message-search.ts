import { createHash } from 'node:crypto'
import type { HitSortKey, MessageHit } from '../../store/search/message-search.ts'
import type { Store } from '../../store/store.ts'
import { storableText } from '../../stream/text.ts'
import { invalidInput } from '../access/error.ts'
import { createReadSlots } from '../access/read-slots.ts'
import type { User } from '../access/viewer.ts'
import { type Page, type PageInput, rangeOf } from './page.ts'

export type { ExcerptPiece, MessageHit } from '../../store/search/message-search.ts'

export interface SearchInput {
  query: string
  /** null to search all conversations of the viewer. */
  conversationId: string | null
  page: Pick<PageInput, 'first' | 'after'>
}

const maxQueryLength = 500
const sortKeyForm = /^([\w-]{8})_(\d[\d.e-]{0,20})_([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/

/** A hash that is part of the cursors of a search, so that a cursor of another search is refused. */
function nameOf({ query, conversationId }: SearchInput): string {
  return createHash('sha256')
    .update(JSON.stringify([query, conversationId]))
    .digest('base64url')
    .slice(0, 8)
}

function writeSortKey(search: SearchInput, { score, message }: MessageHit): string {
  return Buffer.from(`${nameOf(search)}_${score}_${message.id}`).toString('base64url')
}

/** A score is a float of 4 bytes. Postgres refuses a number that is not 0 but rounds to 0 in 4 bytes. */
function isScore(score: number): boolean {
  return score === 0 || (score <= 1 && Math.fround(score) > 0)
}

function readSortKey(search: SearchInput, cursor: string | null): HitSortKey | null {
  if (cursor === null) return null
  const [, name, score, id = ''] = sortKeyForm.exec(Buffer.from(cursor, 'base64url').toString()) ?? []
  if (name !== nameOf(search) || !isScore(Number(score))) throw invalidInput('after', 'is not a cursor of this search')
  return { score: Number(score), id }
}

/** The search is cancelled when the signal aborts. */
export type SearchMessages = (viewer: User, search: SearchInput, signal: AbortSignal) => Promise<Page<MessageHit>>

export function createSearch(store: Store): SearchMessages {
  const slots = createReadSlots('search')

  return async (viewer, search, signal) => {
    const { query, conversationId, page } = search
    if (query.length > maxQueryLength) {
      throw invalidInput('query', `takes up to ${maxQueryLength} characters, not ${query.length}`)
    }
    const { size, after } = rangeOf(page)
    const slice = { query: storableText(query), conversationId, after: readSortKey(search, after), take: size + 1 }
    const hits = await slots.within(viewer, () => store.messageSearch.slice(viewer.id, slice, signal))
    return {
      edges: hits.slice(0, size).map((node) => ({ cursor: writeSortKey(search, node), node })),
      hasNextPage: hits.length > size,
      hasPreviousPage: after !== null,
    }
  }
}
