import { columns } from '../message-sql.ts'

// The parser of Postgres treats `message.ts` and `foo.bar()` as names of hosts and a Chinese sentence as one word, and it
// ignores HTML. So a joint is added before and after each of these characters, which divides the text into words: in scripts
// without spaces, each character is a word. The joints are removed from the excerpts.
export const joint = '\u001f'
export const joining =
  /[-_./@:<&\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]/g

const jointed = (content: string) => `regexp_replace(${content}, '${joining.source}', E'\\x1f\\\\&\\x1f', 'g')`
/** Only these characters of a message can be found, because a tsvector can have 1 MB at most, and a message can be longer. */
const found = 'left(m.content, 100000)'
// This is the expression of the index. Characters with several encodings, such as accented letters, are normalized to one.
const words = `to_tsvector('message_words', ${jointed(`normalize(${found}, NFC)`)})`

/**
 * The number of conversations in one index scan. The time of a scan grows with the square of it, and each scan has a fixed
 * cost.
 */
const conversationsAtOnce = 16
/**
 * The maximum number of ranked messages. If more match, those of the conversations that changed last are ranked, the newest of
 * them.
 */
const rankedMessages = 500

const asked = `(SELECT websearch_to_tsquery('message_words', $1) AS query)`

// The index has no positions, so it cannot find phrases. If a query has a phrase, this statement searches for its words and
// ignores what the query excludes; the ranking, which reads the messages, checks both. A query that only excludes (its
// querytree is T) finds nothing. LATERAL and LIMIT make the planner scan the index for one group of conversations after the
// other, until there are enough messages.
export const matchingSql = `
  WITH asked AS MATERIALIZED (
    SELECT CASE WHEN strpos(query::text, '<') = 0 THEN query
      ELSE regexp_replace(querytree(query), '<(-|[0-9]+)>', '&', 'g')::tsquery END AS words
    FROM ${asked} AS asked WHERE querytree(query) NOT IN ('', 'T')
  ), visible AS MATERIALIZED (
    SELECT c.id, (row_number() OVER (ORDER BY c.updated_at DESC, c.id DESC) - 1) / ${conversationsAtOnce} AS part
    FROM participants p JOIN conversations c ON c.id = p.conversation_id
    WHERE p.user_id = $2 AND ($3::uuid IS NULL OR p.conversation_id = $3)
  ), sought AS MATERIALIZED (
    SELECT asked.words && string_agg(quote_literal(id::text), '|')::tsquery AS words
    FROM visible, asked GROUP BY part, asked.words ORDER BY part
  ), matching AS (
    SELECT newest.* FROM sought, LATERAL (
      SELECT m.id, least(octet_length(m.content), 100000) AS bytes FROM messages m
      WHERE m.content IS NOT NULL AND m.deleted_at IS NULL
        AND (${words} || array_to_tsvector(ARRAY[m.conversation_id::text])) @@ sought.words
      ORDER BY m.id DESC LIMIT ${rankedMessages}
    ) newest LIMIT ${rankedMessages}
  )
  SELECT * FROM matching ORDER BY id DESC`

export const rankSql = `
  SELECT m.id, ts_rank_cd(m.words, asked.query, 33) AS score
  FROM ${asked} AS asked, LATERAL (SELECT m.id, ${words} AS words FROM messages m WHERE m.id = ANY($2::uuid[]) OFFSET 0) m
  WHERE m.words @@ asked.query`

// The excerpt is the unchanged text of the message. So the words are searched for in both encodings of accented letters, NFC
// and NFD.
export const excerptSql = `
  SELECT ${columns}, ts_headline('message_words', ${jointed(found)}, asked.query, $3) AS headline
  FROM (
    SELECT websearch_to_tsquery('message_words', $1) || websearch_to_tsquery('message_words', normalize($1, NFD)) AS query
  ) AS asked, messages m WHERE m.id = ANY($2::uuid[]) AND m.deleted_at IS NULL`
