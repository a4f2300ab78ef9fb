import type { Database } from '../../database/database.ts'
import { type Statement, statement } from '../../database/statement.ts'
import { type Message, messageOf, type Row } from '../message-row.ts'
import { messageColumns } from '../message-sql.ts'
import { excerptSql, joining, joint, matchingSql, rankSql } from './message-search-sql.ts'

/** A piece of a message's text, and whether it matches the search. */
export interface ExcerptPiece {
  text: string
  isMatch: boolean
}

export interface MessageHit {
  message: Message
  /** 0 to 1, as a float of 4 bytes. */
  score: number
  excerpt: ExcerptPiece[]
}

/** Hits are sorted by their score, the best first, and then by their id, the newest first. */
export interface HitSortKey {
  score: number
  id: string
}

export interface SearchSlice {
  query: string
  /** Null to search in all conversations that the viewer may see. */
  conversationId: string | null
  after: HitSortKey | null
  take: number
}

export interface MessageSearch {
  slice(viewerId: string, slice: SearchSlice, signal: AbortSignal): Promise<MessageHit[]>
}

/** The maximum bytes of texts that are ranked. Ranking reads all of them, and takes about two seconds for 10 MB. */
const rankedBytes = 1_000_000
/** The maximum bytes of texts that one statement reads, because the embedded database executes nothing else meanwhile. */
const bytesAtOnce = 128_000

interface Candidate {
  id: string
  bytes: number
}

const matching = statement<Candidate>(matchingSql, { id: 'text', bytes: 'number' })
const rank = statement<HitSortKey>(rankSql, { id: 'text', score: 'number' })
const excerpt = statement<Row & { headline: string }>(excerptSql, { ...messageColumns, headline: 'text' })

/**
 * Puts joints around the signs between words. A minus sign before a word or a phrase is not one of these: it excludes that
 * word.
 */
function wordsOf(query: string): string {
  const normalized = query.normalize('NFC')
  return normalized.replace(joining, (sign, at: number) => {
    const begins =
      /^["\s]?$/.test(normalized.charAt(at - 1)) && /^["\p{L}\p{N}]/u.test(normalized.slice(at + 1, at + 3))
    return sign === '-' && begins ? sign : `${joint}${sign}${joint}`
  })
}

function piecesOf(headline: string, mark: string): ExcerptPiece[] {
  // Two matches that directly follow each other become one piece.
  const pieces = headline
    .replaceAll(joint, '')
    .replaceAll(mark + mark, '')
    .split(mark)
  return pieces.map((text, index) => ({ text, isMatch: index % 2 === 1 })).filter((piece) => piece.text !== '')
}

/** Returns the newest candidates, up to the maximum of bytes that are ranked. */
function rankable(candidates: readonly Candidate[]): Candidate[] {
  let bytes = 0
  return candidates.filter((candidate) => {
    const fits = bytes < rankedBytes
    bytes += candidate.bytes
    return fits
  })
}

function batchesOf(candidates: readonly Candidate[]): string[][] {
  const batches: string[][] = []
  let left = 0
  for (const { id, bytes } of candidates) {
    if (bytes > left || batches.length === 0) {
      batches.push([])
      left = bytesAtOnce
    }
    batches.at(-1)?.push(id)
    left -= bytes
  }
  return batches
}

function byRank(one: HitSortKey, other: HitSortKey): number {
  return other.score - one.score || Number(one.id < other.id) - Number(one.id > other.id)
}

export function createMessageSearch({ read }: Database): MessageSearch {
  return {
    async slice(viewerId, { query, conversationId, after, take }, signal) {
      const asked = wordsOf(query)
      const values = [asked, viewerId, conversationId]
      const candidates = rankable(await read(matching, values, signal))

      async function inBatches<Found>(some: readonly Candidate[], text: Statement<Found>, ...more: unknown[]) {
        const found: Found[] = []
        for (const ids of batchesOf(some)) found.push(...(await read(text, [asked, ids, ...more], signal)))
        return found
      }

      const ranked = (await inBatches(candidates, rank)).sort(byRank)
      const page = ranked.filter((hit) => after === null || byRank(after, hit) < 0).slice(0, take)
      const onPage = candidates.filter(({ id }) => page.some((hit) => hit.id === id))
      // The mark is random, so that no message can contain it.
      const mark = crypto.randomUUID()
      const rows = await inBatches(onPage, excerpt, `StartSel=${mark}, StopSel=${mark}`)
      const found = new Map(rows.map(({ headline, ...row }) => [row.id, { headline, message: messageOf(row) }]))
      return page.flatMap(({ id, score }) => {
        const hit = found.get(id)
        return hit ? [{ message: hit.message, score, excerpt: piecesOf(hit.headline, mark) }] : []
      })
    },
  }
}
