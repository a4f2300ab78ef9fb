import type { Database } from './database.ts'
import { type Message, messageOf, type Row } from './message.ts'
import { columns } from './message-sql.ts'

/** A piece of a message's text, and whether it is what was looked for. */
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

/** The best is first; of equals, the newest. */
export interface HitPlace {
  score: number
  id: string
}

export interface SearchSlice {
  query: string
  /** null for all that the viewer may see. */
  conversationId: string | null
  after: HitPlace | null
  take: number
}

export interface MessageSearch {
  slice(viewerId: string, slice: SearchSlice): Promise<MessageHit[]>
}

// Postgres's parser takes `message.ts` and `foo.bar()` for the names of hosts, a Chinese sentence for a word, and HTML for
// nothing. With a sign between, which is taken out again, they are several words: in scripts without spaces, the characters.
const joint = '\u001f'
const joining = /[-_./@:<&\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]/g

/** Characters of a message that can be found: a vector of words can be 1 MB long, and a message longer. */
const text = `regexp_replace(left(m.content, 100000), '${joining.source}', E'\\x1f\\\\&\\x1f', 'g')`
const words = `to_tsvector('message_words', ${text})`

/** A query of the index takes time by the square of the conversations that it names. */
const conversationsAtOnce = 50
/** Of more messages that match, the newest alone are ranked, as this takes a third of a millisecond each. */
const rankedMessages = 500
const rankedBytes = 4_000_000

// Where a phrase stands in a message is not in the index: there, its words are looked for, and what they exclude is left
// to the ranking, which sees the messages. A query that only excludes (querytree: T) finds nothing.
const searchSql = `
  WITH asked AS MATERIALIZED (
    SELECT query, CASE WHEN strpos(query::text, '<') = 0 THEN query
      ELSE regexp_replace(querytree(query), '<(-|[0-9]+)>', '&', 'g')::tsquery END AS words
    FROM websearch_to_tsquery('message_words', $3) AS query WHERE querytree(query) NOT IN ('', 'T')
  ), visible AS MATERIALIZED (
    SELECT conversation_id, row_number() OVER () / ${conversationsAtOnce} AS part FROM participants
    WHERE user_id = $1 AND ($2::uuid IS NULL OR conversation_id = $2)
  ), sought AS MATERIALIZED (
    SELECT asked.words && string_agg(quote_literal(conversation_id::text), '|')::tsquery AS words
    FROM visible, asked GROUP BY part, asked.words
  ), matching AS MATERIALIZED (
    SELECT m.id, m.conversation_id, least(octet_length(m.content), 100000) AS size FROM sought JOIN messages m
    ON m.content IS NOT NULL AND m.deleted_at IS NULL AND (${words} || array_to_tsvector(ARRAY[m.conversation_id::text])) @@ sought.words
  ), newest AS (
    SELECT id, sum(size) OVER (ORDER BY id DESC) - size AS newer FROM matching JOIN visible USING (conversation_id)
    ORDER BY id DESC LIMIT ${rankedMessages}
  ), read AS MATERIALIZED (
    SELECT m.id, ${words} AS words FROM newest JOIN messages m USING (id) WHERE newest.newer < ${rankedBytes}
  ), ranked AS MATERIALIZED (
    SELECT read.id, ts_rank_cd(read.words, asked.query, 33) AS score FROM read, asked WHERE read.words @@ asked.query
  ), page AS (
    SELECT * FROM ranked WHERE $4::float4 IS NULL OR (score, id) < ($4::float4, $5::uuid)
    ORDER BY score DESC, id DESC LIMIT $6::int
  )
  SELECT ${columns}, score, ts_headline('message_words', ${text}, asked.query, $7) AS headline
  FROM page JOIN messages m USING (id), asked ORDER BY score DESC, m.id DESC`

/** A - that begins a word excludes it, and is no part of it. */
function wordsOf(query: string): string {
  return query.replace(joining, (sign, at: number) => {
    const begins = sign === '-' && /^["\s]?$/.test(query.charAt(at - 1))
    return begins ? sign : `${joint}${sign}${joint}`
  })
}

function piecesOf(headline: string, mark: string): ExcerptPiece[] {
  // What matches and follows a match at once is one piece with it.
  const pieces = headline
    .replaceAll(joint, '')
    .replaceAll(mark + mark, '')
    .split(mark)
  return pieces.map((text, index) => ({ text, isMatch: index % 2 === 1 })).filter((piece) => piece.text !== '')
}

export function createMessageSearch({ query }: Database): MessageSearch {
  return {
    async slice(viewerId, { query: asked, conversationId, after, take }) {
      // Nobody can have written it.
      const mark = crypto.randomUUID()
      const values = [
        viewerId,
        conversationId,
        wordsOf(asked),
        after?.score ?? null,
        after?.id ?? null,
        take,
        `StartSel=${mark}, StopSel=${mark}`,
      ]
      const rows = await query<Row & { score: number; headline: string }>(searchSql, values)
      return rows.map(({ score, headline, ...row }) => ({
        message: messageOf(row),
        score,
        excerpt: piecesOf(headline, mark),
      }))
    },
  }
}
