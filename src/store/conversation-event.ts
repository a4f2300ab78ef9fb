import type { Database } from '../database/database.ts'
import { statement } from '../database/statement.ts'

export type ConversationEventKind =
  | 'MESSAGE_CREATED'
  | 'MESSAGE_DELETED'
  | 'COMPLETION_STARTED'
  | 'COMPLETION_FINISHED'
  | 'CONVERSATION_UPDATED'
  | 'PARTICIPANTS_CHANGED'

export interface StoredEvent {
  /** Increases within one conversation, from 1, without gaps and in the order of the commits. */
  sequence: number
  kind: ConversationEventKind
  /** The id of the message or completion; null for an event of the conversation itself. */
  subjectId: string | null
}

/** A viewer of a conversation, and the last event that they have. */
export interface EventOffset {
  viewerId: string
  conversationId: string
  sequence: number
}

export interface ConversationEvents {
  /** The number of the last event, 0 before the first; null if the viewer may not see the conversation. */
  last(viewerId: string, conversationId: string): Promise<number | null>
  /** The events after each offset, at most `limit` for each; null for a conversation that the viewer may not see. */
  since(offsets: readonly EventOffset[], limit: number): Promise<(StoredEvent[] | null)[]>
}

/**
 * The last part of a WITH that has `happened(conversation_id, kind, subject_id)`, with any number of rows: it updates the time
 * of the conversations and numbers the events. The rows of the conversations are locked until the commit, so that the numbers
 * have no gaps and a reader who sees one event sees all events before it. Events of one statement have the order of their
 * kinds, then of their subjects, whose ids grow with time. A conversation that the same statement creates has no viewers yet
 * and gets no events.
 *
 * A statement that changes participants or completions must do so before this part locks the conversation, and lock the
 * participants first (see lockParticipants). Otherwise two statements may wait for each other.
 */
export const recordEvents = `
  counted AS (SELECT conversation_id, count(*)::int AS events FROM happened GROUP BY conversation_id),
  touched AS (
    UPDATE conversations SET updated_at = now(), last_event = last_event + counted.events
    FROM counted WHERE conversations.id = counted.conversation_id
    RETURNING conversations.id, last_event - counted.events AS last_before
  ), recorded AS (
    INSERT INTO conversation_events (conversation_id, sequence, kind, subject_id)
    SELECT touched.id, last_before + row_number() OVER (PARTITION BY touched.id ORDER BY kind::conversation_event_kind, subject_id),
      kind::conversation_event_kind, subject_id
    FROM happened JOIN touched ON touched.id = happened.conversation_id
  )`

/** If the viewer has no access to the conversation, the columns of the event are null. */
interface Row extends StoredEvent {
  number: number
  isVisible: boolean
}

const sinceSql = statement<Row>(
  `
  SELECT after.number::int AS number, p.user_id IS NOT NULL AS "isVisible", event.sequence, event.kind, event."subjectId"
  FROM unnest($1::uuid[], $2::uuid[], $3::int[]) WITH ORDINALITY AS after(user_id, conversation_id, sequence, number)
  LEFT JOIN participants p ON p.conversation_id = after.conversation_id AND p.user_id = after.user_id
  LEFT JOIN LATERAL (
    SELECT e.sequence, e.kind, e.subject_id AS "subjectId" FROM conversation_events e
    WHERE e.conversation_id = p.conversation_id AND e.sequence > after.sequence ORDER BY e.sequence LIMIT $4
  ) event ON true
  WHERE p.user_id IS NULL OR event.sequence IS NOT NULL
  ORDER BY after.number, event.sequence`,
  { number: 'number', isVisible: 'boolean', sequence: 'number', kind: 'text', subjectId: 'text' },
)

const lastSql = statement<{ lastEvent: number }>(
  `SELECT last_event AS "lastEvent" FROM conversations c
  JOIN participants p ON p.conversation_id = c.id AND p.user_id = $1 WHERE c.id = $2`,
  { lastEvent: 'number' },
)

export function createConversationEvents({ query }: Database): ConversationEvents {
  return {
    async last(viewerId, conversationId) {
      const [found] = await query(lastSql, [viewerId, conversationId])
      return found?.lastEvent ?? null
    },
    async since(offsets, limit) {
      const values = [
        offsets.map(({ viewerId }) => viewerId),
        offsets.map(({ conversationId }) => conversationId),
        offsets.map(({ sequence }) => sequence),
        limit,
      ]
      const found = offsets.map((): StoredEvent[] | null => [])
      for (const { number, isVisible, ...event } of await query(sinceSql, values)) {
        if (!isVisible) found[number - 1] = null
        else found[number - 1]?.push(event)
      }
      return found
    },
  }
}
