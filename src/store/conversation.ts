import type { Database } from '../database/database.ts'
import type { Prisma } from '../database/generated/client.ts'
import { statement } from '../database/statement.ts'
import type { ParticipantKey, ParticipantRole } from './participant.ts'

export type ContextStrategy = 'FULL' | 'TOKEN_BUDGET' | 'LAST_N'

export interface CompletionDefaults {
  model: string | null
  temperature: number | null
  topP: number | null
  maxTokens: number | null
  contextStrategy: ContextStrategy
}

/** A conversation as one of its participants sees it. */
export interface Conversation {
  id: string
  title: string | null
  systemPrompt: string | null
  defaults: CompletionDefaults
  createdAt: Date
  updatedAt: Date
  archivedAt: Date | null
  /** The number of its last event, 0 before the first. */
  lastEvent: number
  viewerRole: ParticipantRole
  viewerLeafId: string | null
}

/** Absent fields do not change. */
export interface ConversationChange extends Partial<CompletionDefaults> {
  title?: string | null
  systemPrompt?: string | null
  archivedAt?: Date | null
}

export interface ConversationFilter {
  archived: boolean | null
  titleContains: string | null
  role: ParticipantRole | null
}

/** The sort key of the list: the time of the last change, the latest first. */
export interface ConversationSortKey {
  time: Date
  id: string
}

type Side = 'before' | 'after'

export interface ConversationSlice {
  filter: ConversationFilter
  after: ConversationSortKey | null
  before: ConversationSortKey | null
  take: number
  /** Takes the last items of the range. They are still returned in the order of the list. */
  fromEnd: boolean
}

/** An idempotency key, and the hash of the input that it was used with. */
export interface UsedKey {
  key: string
  inputHash: string
}

export interface Conversations {
  /** Rejects with StoreError CONFLICT if the viewer has already used the key. */
  create(viewerId: string, id: string, change: ConversationChange, key: UsedKey | null): Promise<Conversation>
  /** The conversation that the viewer created with this key, and the hash of the input. */
  byKey(viewerId: string, key: string): Promise<{ conversationId: string; inputHash: string } | null>
  find(viewerId: string, ids: readonly string[]): Promise<Conversation[]>
  /** In the order of the keys, each as its participant sees it; null for a user who is not a participant. */
  ofParticipants(keys: readonly ParticipantKey[]): Promise<(Conversation | null)[]>
  slice(viewerId: string, slice: ConversationSlice): Promise<Conversation[]>
  /** Whether the list has items on the other side of the key. */
  goesBeyond(viewerId: string, filter: ConversationFilter, side: Side, key: ConversationSortKey): Promise<boolean>
  update(id: string, change: ConversationChange): Promise<void>
  /**
   * Deletes a conversation. Its completions stay for accounting and for their idempotency keys, without their content, and
   * nobody can see them any more. Completions in progress are cancelled; resolves with their ids, so that their replicas can be
   * notified.
   */
  remove(id: string): Promise<string[]>
  /**
   * Deletes a conversation in the same way if the viewer is its OWNER, it began with a completion, and nothing was written in
   * it since. Resolves with false, and deletes nothing, otherwise.
   */
  removeUntouched(viewerId: string, id: string): Promise<boolean>
}

const on: Record<Side, (key: ConversationSortKey) => Prisma.ConversationWhereInput> = {
  before: ({ time, id }) => ({ OR: [{ updatedAt: { gt: time } }, { updatedAt: time, id: { gt: id } }] }),
  after: ({ time, id }) => ({ OR: [{ updatedAt: { lt: time } }, { updatedAt: time, id: { lt: id } }] }),
}

/** Escapes the wildcards of LIKE, because Prisma does not. */
const literal = (text: string) => text.replace(/[\\%_]/g, '\\$&')

type Row = Prisma.ConversationGetPayload<{ include: { participants: true } }>

function conversationOf({
  participants,
  model,
  temperature,
  topP,
  maxTokens,
  contextStrategy,
  ...row
}: Row): Conversation {
  const [own] = participants
  if (own === undefined) throw new Error('a conversation was read for somebody who has no part in it')
  const defaults = { model, temperature, topP, maxTokens, contextStrategy }
  return { ...row, defaults, viewerRole: own.role, viewerLeafId: own.currentLeafId }
}

// Prisma reads the participants with a second statement. A conversation that was deleted between the two has none.
function visibleOf(rows: readonly Row[]): Conversation[] {
  return rows.filter(({ participants }) => participants.length > 0).map(conversationOf)
}

function matching(
  viewerId: string,
  { archived, titleContains, role }: ConversationFilter,
): Prisma.ConversationWhereInput[] {
  const conditions: Prisma.ConversationWhereInput[] = [
    { participants: { some: role === null ? { userId: viewerId } : { userId: viewerId, role } } },
  ]
  if (archived !== null) conditions.push({ archivedAt: archived ? { not: null } : null })
  if (titleContains !== null) conditions.push({ title: { contains: literal(titleContains), mode: 'insensitive' } })
  return conditions
}

// Columns that are not in the change keep their values. recordEvents cannot be used, because one statement can change a row
// only once.
const updateSql = statement(`
  WITH updated AS (
    UPDATE conversations c SET updated_at = now(), last_event = last_event + 1,
      (title, system_prompt, model, temperature, top_p, max_tokens, context_strategy, archived_at) = (
        SELECT title, system_prompt, model, temperature, top_p, max_tokens, context_strategy, archived_at
        FROM json_populate_record(c, $2::json)
      )
    WHERE id = $1 RETURNING id, last_event
  )
  INSERT INTO conversation_events (conversation_id, sequence, kind)
  SELECT id, last_event, 'CONVERSATION_UPDATED' FROM updated`)

// Locks the participants first, as every statement that writes in a conversation does, so that no two of them wait for each
// other.
const lockSql = statement('SELECT FROM participants WHERE conversation_id = $1::uuid ORDER BY user_id FOR UPDATE')

// The text of completions in progress stays in the log until their end, when the usage may have to be counted from it.
const removing = (condition: string, removed: string) =>
  statement<{ id: string }>(
    `
  WITH gone AS (
    UPDATE completions SET deleted_at = now(), conversation_id = NULL, parent_id = NULL, turn_id = NULL,
      cancel_requested_at = CASE WHEN status = 'IN_PROGRESS' THEN now() ELSE cancel_requested_at END,
      parameters = '{}', metadata = '[]', attempts = '[]', error = NULL
    WHERE conversation_id = $1::uuid AND ${condition} RETURNING id, status
  ), unlogged AS (
    DELETE FROM answer_log USING gone WHERE answer_log.completion_id = gone.id AND gone.status <> 'IN_PROGRESS'
  ), removed AS (DELETE FROM conversations WHERE id = $1::uuid AND ${condition} RETURNING id)
  SELECT id::text FROM ${removed}`,
    { id: 'text' },
  )

const removeSql = removing('true', `gone WHERE status = 'IN_PROGRESS'`)

// The completion and the messages with which a conversation begins cause no events.
const removeUntouchedSql = removing(
  `EXISTS (
      SELECT FROM participants p WHERE p.conversation_id = $1::uuid AND p.user_id = $2::uuid AND p.role = 'OWNER'
    ) AND NOT EXISTS (
      SELECT FROM conversation_events e
      WHERE e.conversation_id = $1::uuid AND e.kind IN ('MESSAGE_CREATED', 'COMPLETION_STARTED')
    )`,
  'removed',
)

/** A row for json_populate_recordset, whose fields have the names of the columns. */
export function conversationRow({ id, title, systemPrompt, defaults, createdAt, updatedAt, lastEvent }: Conversation) {
  return {
    id,
    title,
    system_prompt: systemPrompt,
    model: defaults.model,
    temperature: defaults.temperature,
    top_p: defaults.topP,
    max_tokens: defaults.maxTokens,
    context_strategy: defaults.contextStrategy,
    created_at: createdAt,
    updated_at: updatedAt,
    last_event: lastEvent,
  }
}

/** The same for a change: JSON leaves out undefined fields. */
function changeRow({ systemPrompt, topP, maxTokens, contextStrategy, archivedAt, ...change }: ConversationChange) {
  const renamed = { system_prompt: systemPrompt, top_p: topP, max_tokens: maxTokens, archived_at: archivedAt }
  return { ...change, ...renamed, context_strategy: contextStrategy }
}

export function createConversations({ prisma, query }: Database): Conversations {
  const withOwnPart = (viewerId: string) => ({ participants: { where: { userId: viewerId } } })
  return {
    async create(viewerId, id, change, key) {
      const participants = { create: { userId: viewerId, role: 'OWNER' as const } }
      const keys = { create: key === null ? [] : [{ userId: viewerId, ...key }] }
      const row = await prisma.conversation.create({
        data: { id, ...change, participants, keys },
        include: withOwnPart(viewerId),
      })
      return conversationOf(row)
    },
    byKey: (userId, key) =>
      prisma.conversationKey.findUnique({
        where: { userId_key: { userId, key } },
        select: { conversationId: true, inputHash: true },
      }),
    async find(viewerId, ids) {
      const where = { id: { in: [...ids] }, participants: { some: { userId: viewerId } } }
      const rows = await prisma.conversation.findMany({ where, include: withOwnPart(viewerId) })
      return visibleOf(rows)
    },
    async ofParticipants(keys) {
      const userIds = keys.map(({ userId }) => userId)
      const rows = await prisma.conversation.findMany({
        where: { id: { in: keys.map(({ conversationId }) => conversationId) } },
        include: { participants: { where: { userId: { in: userIds } } } },
      })
      const found = new Map(rows.map((row) => [row.id, row]))
      return keys.map(({ conversationId, userId }) => {
        const row = found.get(conversationId)
        const own = row?.participants.find((participant) => participant.userId === userId)
        return row && own ? conversationOf({ ...row, participants: [own] }) : null
      })
    },
    async slice(viewerId, { filter, fromEnd, take, ...bounds }) {
      const conditions = matching(viewerId, filter)
      if (bounds.after) conditions.push(on.after(bounds.after))
      if (bounds.before) conditions.push(on.before(bounds.before))
      const direction = fromEnd ? 'asc' : 'desc'
      const orderBy = [{ updatedAt: direction }, { id: direction }] as const
      const include = withOwnPart(viewerId)
      const rows = await prisma.conversation.findMany({
        where: { AND: conditions },
        orderBy: [...orderBy],
        take,
        include,
      })
      const conversations = visibleOf(rows)
      return fromEnd ? conversations.reverse() : conversations
    },
    async goesBeyond(viewerId, filter, side, key) {
      const conditions = [...matching(viewerId, filter), { NOT: on[side](key) }]
      const found = await prisma.conversation.findFirst({ where: { AND: conditions }, select: { id: true } })
      return found !== null
    },
    async update(id, change) {
      await query(updateSql, [id, JSON.stringify(changeRow(change))])
    },
    async remove(id) {
      const [, cancelled] = await prisma.$transaction([
        prisma.$executeRawUnsafe(lockSql, id),
        prisma.$queryRawUnsafe<{ id: string }[]>(removeSql, id),
      ])
      return cancelled.map((completion) => completion.id)
    },
    async removeUntouched(viewerId, id) {
      const [, removed] = await prisma.$transaction([
        prisma.$executeRawUnsafe(lockSql, id),
        prisma.$queryRawUnsafe<{ id: string }[]>(removeUntouchedSql, id, viewerId),
      ])
      return removed.length === 1
    },
  }
}
