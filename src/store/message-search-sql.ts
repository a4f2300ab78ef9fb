import { columns } from './message-sql.ts'

// Postgres's parser takes `message.ts` and `foo.bar()` for the names of hosts, a Chinese sentence for a word, and HTML for
// nothing. With a sign between, which is taken out again, they are several words: in scripts without spaces, the characters.
export const joint = '\u001f'
export const joining =
  /[-_./@:<&\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]/g

const jointed = (content: string) => `regexp_replace(${content}, '${joining.source}', E'\\x1f\\\\&\\x1f', 'g')`
/** Characters of a message that can be found: a vector of words can be 1 MB long, and a message longer. */
const found = 'left(m.content, 100000)'
// As the index has it: what is written in several ways, such as an accented letter, is one word.
const words = `to_tsvector('message_words', ${jointed(`normalize(${found}, NFC)`)})`

/** Conversations that the index is asked for at once. It takes time by their square, and some for each time it is asked. */
const conversationsAtOnce = 16
/** Of more messages that match, those in the conversations in which something happened last, and there the newest. */
const rankedMessages = 500

const asked = `(SELECT websearch_to_tsquery('message_words', $1) AS query)`

// Where a phrase stands in a message is not in the index: there, its words are looked for, and what they exclude is left
// to the ranking, which sees the messages. A query that only excludes (querytree: T) finds nothing.
// LATERAL and LIMIT hold the planner to one look into the index after the other, until there are enough.
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

// The excerpt is what stands there to the character, in whichever way accented letters are written.
export const excerptSql = `
  SELECT ${columns}, ts_headline('message_words', ${jointed(found)}, asked.query, $3) AS headline
  FROM (
    SELECT websearch_to_tsquery('message_words', $1) || websearch_to_tsquery('message_words', normalize($1, NFD)) AS query
  ) AS asked, messages m WHERE m.id = ANY($2::uuid[]) AND m.deleted_at IS NULL`
