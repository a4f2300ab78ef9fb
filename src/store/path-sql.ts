import { statement } from '../database/statement.ts'
import { columns, readSizeOf, sentColumns, sizeOf } from './message-sql.ts'

// One step towards an ancestor at a known depth: the jump or, if the jump would go beyond that depth, the stem or the parent.
// OFFSET 0 makes the planner use one index lookup for each step. Without it, the planner expects so many steps that it prefers
// to read the whole table.
const stepTo = (from: string, depth: string) =>
  `CASE WHEN ${from}.jump_depth >= ${depth} THEN ${from}.jump_id ELSE coalesce(${from}.stem_id, ${from}.parent_id) END`

/**
 * The part `climb` of a WITH. It goes up from the leaf of each goal, and has the id of the goal if that message is on the path.
 */
export const climbing = (goals: string) => `
  climb AS (
    SELECT goal.origin, goal.id AS goal_id, goal.depth AS goal_depth, m.*
    FROM ${goals} goal, LATERAL (SELECT * FROM steps WHERE id = goal.leaf_id OFFSET 0) m WHERE goal.depth <= m.depth
    UNION ALL
    SELECT climb.origin, climb.goal_id, climb.goal_depth, m.*
    FROM climb, LATERAL (SELECT * FROM steps WHERE id = ${stepTo('climb', 'climb.goal_depth')} OFFSET 0) m
    WHERE climb.depth > climb.goal_depth
  )`

export const steps = `
  steps AS NOT MATERIALIZED (SELECT id, parent_id, stem_id, depth, jump_id, jump_depth, deleted_at FROM messages)`

// Finds the places of the bounds `after` and `before` on the path. A deleted message without remaining descendants is not on
// any path: its place is directly after its parent, on each path that contains the parent. The topmost of its remaining
// descendants, if there are any, have the same parent as the deleted message, and a stem.
const stands = `
  bounds AS (
    SELECT given.*, m.depth, m.parent_id, m.deleted_at, above.depth AS above_depth
    FROM (
      SELECT number, conversation_id, asked_id, leaf_id, after_id AS id FROM slice
      UNION SELECT number, conversation_id, asked_id, leaf_id, before_id FROM slice
    ) given JOIN messages m ON m.id = given.id AND m.conversation_id = given.conversation_id
    LEFT JOIN messages above ON above.id = m.parent_id
  ), goals AS (
    SELECT number AS origin, leaf_id, id, depth FROM bounds
    UNION SELECT number, leaf_id, parent_id, above_depth FROM bounds WHERE deleted_at IS NOT NULL
    UNION SELECT -number, below.id, bounds.id, bounds.depth FROM bounds, LATERAL (
      SELECT * FROM messages WHERE conversation_id = bounds.conversation_id AND parent_id = bounds.parent_id
      UNION ALL
      SELECT * FROM messages WHERE conversation_id = bounds.conversation_id AND parent_id IS NULL AND bounds.parent_id IS NULL
    ) below WHERE bounds.deleted_at IS NOT NULL AND below.deleted_at IS NULL AND below.stem_id IS NOT NULL
  ), ${climbing('goals')}, met AS (
    SELECT origin, id FROM climb WHERE id = goal_id
  ), stands AS (
    SELECT *, depth AS low, depth - 1 AS high FROM bounds
    WHERE EXISTS (SELECT FROM met WHERE met.origin = number AND met.id = bounds.id)
    UNION ALL
    SELECT *, coalesce(above_depth, -1), coalesce(above_depth, -1) FROM bounds
    WHERE deleted_at IS NOT NULL AND NOT EXISTS (SELECT FROM met WHERE abs(met.origin) = number AND met.id = bounds.id)
      AND CASE WHEN parent_id IS NULL THEN leaf_id IS NOT NULL OR asked_id IS NULL
        ELSE EXISTS (SELECT FROM met WHERE met.origin = number AND met.id = parent_id) END
  )`

// Reads the rows of the page and about log(depth) other rows: jumps lead from the leaf to the lower end of a stretch of the
// path, and parents lead through the stretch. A page ends with the message that reaches the maximum of bytes. If the first
// messages of a range are requested, a stretch may have too few messages, because some were deleted. Then a stretch of twice
// the length follows.
export const pathsSql = `
  WITH RECURSIVE ${steps}, slice AS (
    SELECT s.number, s.conversation_id, s.from_end, s.size, s.asked_id, leaf.id AS leaf_id, leaf.depth AS leaf_depth, s.after_id, s.before_id
    FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::bool[], $6::int[])
      WITH ORDINALITY AS s(conversation_id, asked_id, after_id, before_id, from_end, size, number)
    LEFT JOIN messages leaf ON leaf.id = s.asked_id AND leaf.conversation_id = s.conversation_id AND leaf.deleted_at IS NULL
  ), ${stands}, placed AS (
    SELECT slice.*, coalesce(a.low, -1) AS low, coalesce(b.high, leaf_depth) AS high,
      after_id IS NULL OR a.id IS NOT NULL AS after_fits, before_id IS NULL OR b.id IS NOT NULL AS before_fits,
      a.id IS NOT NULL AND (a.deleted_at IS NULL OR a.parent_id IS NOT NULL) AS has_above,
      coalesce(b.high < leaf_depth, false) AS has_below
    FROM slice LEFT JOIN stands a ON a.number = slice.number AND a.id = after_id
    LEFT JOIN stands b ON b.number = slice.number AND b.id = before_id
  ), stretch AS (
    SELECT number, leaf_id, from_end, size, high, low AS reached, CASE WHEN from_end THEN high - low ELSE size END AS span,
      size AS wanted, '{}'::uuid[] AS ids
    FROM placed WHERE leaf_id IS NOT NULL AND after_fits AND before_fits
    UNION ALL
    SELECT s.number, s.leaf_id, s.from_end, s.size, s.high, low_end.depth, 2 * s.span, s.wanted - part.count, part.ids
    FROM stretch s, LATERAL (SELECT least(s.reached + s.span, s.high) AS depth) low_end, LATERAL (
      WITH RECURSIVE walk AS (
        SELECT steps.*, 0 AS taken FROM steps WHERE id = s.leaf_id
        UNION ALL
        SELECT m.*, walk.taken + is_part::int
        FROM walk, LATERAL (SELECT walk.depth <= low_end.depth AND walk.deleted_at IS NULL AS is_part) part, LATERAL (
          SELECT * FROM steps WHERE depth > s.reached AND id =
            CASE WHEN walk.depth <= low_end.depth THEN walk.parent_id ELSE ${stepTo('walk', 'low_end.depth')} END OFFSET 0
        ) m WHERE NOT s.from_end OR walk.taken + is_part::int < s.size
      )
      SELECT count(*)::int AS count, array_agg(id ORDER BY depth) AS ids FROM walk
      WHERE depth > s.reached AND depth <= low_end.depth AND deleted_at IS NULL
    ) part WHERE s.reached < s.high AND s.wanted > 0
  ), listed AS (
    SELECT placed.number AS page, m.*, sum(${readSizeOf('m')}) OVER (
      PARTITION BY placed.number ORDER BY CASE WHEN placed.from_end THEN -m.depth ELSE m.depth END
    ) - (${readSizeOf('m')}) AS bytes_before
    FROM placed, LATERAL (
      SELECT part.id FROM stretch, unnest(stretch.ids) WITH ORDINALITY AS part(id, place)
      WHERE stretch.number = placed.number ORDER BY stretch.reached, part.place LIMIT placed.size
    ) part, LATERAL (SELECT * FROM messages WHERE id = part.id OFFSET 0) m
  )
  SELECT placed.number::int, leaf_id IS NOT NULL OR asked_id IS NULL AS "leafFits", after_fits AS "afterFits", before_fits AS "beforeFits", has_above AS "hasAbove", has_below AS "hasBelow",
    EXISTS (SELECT FROM listed WHERE page = placed.number AND bytes_before >= $7::int) AS "isCut", ${columns}
  FROM placed LEFT JOIN listed m ON m.page = placed.number AND m.bytes_before < $7::int
  ORDER BY placed.number, m.depth`

export const onPathSql = statement<{ id: string }>(
  `
  WITH RECURSIVE ${steps}, goals AS (
    SELECT m.id AS origin, p.current_leaf_id AS leaf_id, m.id, m.depth FROM messages m
    JOIN participants p ON p.conversation_id = m.conversation_id AND p.user_id = $1
    WHERE m.id = ANY($2::uuid[]) AND m.deleted_at IS NULL AND p.current_leaf_id IS NOT NULL
  ), ${climbing('goals')}
  SELECT origin AS id FROM climb WHERE id = goal_id`,
  { id: 'text' },
)

// Goes up from the leaf by parents. Ids grow with time, so the walk also ends if the message that was read last is on another
// branch.
export const unreadSql = statement<{ id: string; count: number }>(
  `
  WITH RECURSIVE walk AS (
    SELECT p.conversation_id, p.last_read_message_id, m.parent_id, 1 AS number FROM participants p, LATERAL (
      SELECT id, parent_id FROM messages WHERE id = p.current_leaf_id OFFSET 0
    ) m
    WHERE p.user_id = $1 AND p.conversation_id = ANY($2::uuid[]) AND (p.last_read_message_id IS NULL OR m.id > p.last_read_message_id)
    UNION ALL
    SELECT walk.conversation_id, walk.last_read_message_id, m.parent_id, walk.number + 1 FROM walk, LATERAL (
      SELECT id, parent_id FROM messages WHERE id = walk.parent_id OFFSET 0
    ) m
    WHERE walk.number < $3::int AND (walk.last_read_message_id IS NULL OR m.id > walk.last_read_message_id)
  )
  SELECT conversation_id AS id, max(number)::int AS count FROM walk GROUP BY conversation_id`,
  { id: 'text', count: 'number' },
)

// Goes up by parents from the leaf or, if the leaf was deleted meanwhile, from the parent of the leaf.
export const endOfPathSql = `
  WITH RECURSIVE walk AS (
    SELECT 1 AS number, m.id, m.parent_id, ${sizeOf('m')} AS bytes FROM messages named
    JOIN messages m ON m.id = CASE WHEN named.deleted_at IS NULL THEN named.id ELSE named.parent_id END WHERE named.id = $1
    UNION ALL
    SELECT walk.number + 1, m.id, m.parent_id, walk.bytes + ${sizeOf('m')}
    FROM walk, LATERAL (SELECT * FROM messages WHERE id = walk.parent_id OFFSET 0) m
    WHERE walk.number < $2::int AND walk.bytes < $3::int
  )
  SELECT ${sentColumns} FROM walk, LATERAL (SELECT * FROM messages WHERE id = walk.id OFFSET 0) m ORDER BY walk.number DESC`

/**
 * Finds the SYSTEM and DEVELOPER messages of a path, which are part of every context, and the length of the path: the depth of
 * its leaf without the gaps that deleted messages have left.
 */
export const pathSummarySql = `
  WITH RECURSIVE ${steps}, leaf AS (SELECT id, conversation_id, depth FROM messages WHERE id = $1), goals AS (
    SELECT 1 AS origin, leaf.id AS leaf_id, m.id, m.depth FROM leaf
    JOIN messages m ON m.conversation_id = leaf.conversation_id AND m.deleted_at IS NULL AND m.stem_id IS NOT NULL
    UNION
    SELECT 1, leaf.id, m.id, m.depth FROM leaf
    JOIN messages m ON m.conversation_id = leaf.conversation_id AND m.deleted_at IS NULL AND m.role IN ('SYSTEM', 'DEVELOPER')
  ), ${climbing('goals')}, on_path AS (SELECT id, depth, parent_id, stem_id FROM climb WHERE id = goal_id), gaps AS (
    SELECT coalesce(sum(on_path.depth - coalesce(above.depth, -1) - 1), 0) AS missing
    FROM on_path LEFT JOIN messages above ON above.id = on_path.parent_id WHERE on_path.stem_id IS NOT NULL
  ), instructions AS (
    SELECT m.id, row_number() OVER newer AS number, sum(${sizeOf('m')}) OVER newer - ${sizeOf('m')} AS bytes_before
    FROM on_path JOIN messages m ON m.id = on_path.id AND m.role IN ('SYSTEM', 'DEVELOPER')
    WINDOW newer AS (ORDER BY m.depth DESC)
  )
  SELECT (leaf.depth + 1 - gaps.missing)::int AS length, ${sentColumns}
  FROM leaf CROSS JOIN gaps LEFT JOIN (
    instructions JOIN messages m ON m.id = instructions.id AND instructions.number <= $2::int AND instructions.bytes_before < $3::int
  ) ON true ORDER BY m.depth`
