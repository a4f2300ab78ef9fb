import type { Database } from '../database/database.ts'
import { StoreError } from '../database/error.ts'
import { type Statement, statement } from '../database/statement.ts'
import { withConversationLock } from './conversation-lock.ts'
import { type Message, messageOf, messageRow, type NewMessage, type Row } from './message-row.ts'
import {
  choicesSql,
  columns,
  createSql,
  findSql,
  maxReadBytes,
  messageColumns,
  removeSql,
  siblingsCountSql,
  siblingsSql,
} from './message-sql.ts'
import { endOfPathSql, onPathSql, pathSummarySql, pathsSql, unreadSql } from './path-sql.ts'

export type {
  ContentPart,
  ImageDetail,
  Message,
  MessageRole,
  NewMessage,
  ToolCall,
} from './message-row.ts'

/**
 * A slice of the path from the root to a leaf, oldest first: between two messages, which may have been deleted, the first
 * or the last so many; all where neither is given.
 */
export interface PathSlice {
  conversationId: string
  /** null for the path of somebody who stands nowhere: it is empty. */
  leafId: string | null
  after: string | null
  before: string | null
  first: number | null
  last: number | null
}

/** `misplaced` names what is not in the conversation (the leaf) or not on the path (a bound); then there are no messages. */
export interface PathPage {
  messages: Message[]
  hasPrevious: boolean
  hasNext: boolean
  misplaced: 'leafId' | 'after' | 'before' | null
}

/** The length of a path, and those of its messages that every context includes. */
export interface PathSummary {
  /** How many messages it has. */
  length: number
  /** The SYSTEM and DEVELOPER messages of the path, oldest first, without their reasoning and logprobs. */
  instructions: Message[]
}

/** How much is read at most, but for the message that goes beyond it. */
export interface ReadBounds {
  messages: number
  bytes: number
}

export interface Messages {
  /** Rejects with StoreError TOO_LARGE where they have more text than one read gives; so do siblings and choices. */
  find(viewerId: string, ids: readonly string[]): Promise<Message[]>
  /**
   * In the order of the slices. What is read grows with the slices, not with the paths. A page has fewer messages than were
   * asked for where they would take more bytes than one page may.
   */
  paths(slices: readonly PathSlice[]): Promise<PathPage[]>
  /** Of these, the ids of those that stand on the viewer's path. */
  onPath(viewerId: string, ids: readonly string[]): Promise<string[]>
  /** By conversation, how many messages stand on the viewer's path after the last one that they read; counted up to `most`. */
  unreadCounts(viewerId: string, conversationIds: readonly string[], most: number): Promise<Map<string, number>>
  /** The last messages of the path to this leaf, oldest first, without their reasoning and logprobs. */
  endOfPath(leafId: string, bounds: ReadBounds): Promise<Message[]>
  /** For the path to this leaf. The work does not grow with the path. Of more instructions than the bounds allow, the newest are read. */
  pathSummary(leafId: string, bounds: ReadBounds): Promise<PathSummary>
  /** By the id of each of these messages: itself among them, the newest so many, oldest first. */
  siblings(messages: readonly Message[], most: number): Promise<Map<string, readonly Message[]>>
  /** By the ids that the viewer may see; itself included. */
  siblingsCount(viewerId: string, ids: readonly string[]): Promise<Map<string, number>>
  /** All that they wrote, by choice; what was deleted says nothing. */
  ofCompletions(completionIds: readonly string[]): Promise<Message[]>
  /** Of all that it wrote, by choice. */
  idsOfCompletion(completionId: string): Promise<string[]>
  /** What is left of it. */
  choices(completionIds: readonly string[]): Promise<Message[]>
  byKey(authorId: string, idempotencyKey: string): Promise<{ message: Message; inputHash: string | null } | null>
  /**
   * False, and nothing written, where the author has used the key or may not write any more, or where the parent is to
   * be the author's current leaf and is not.
   */
  create(message: NewMessage, isAtLeaf: boolean): Promise<boolean>
  /** False, and nothing deleted, where it is gone or the viewer may not delete it. */
  remove(viewerId: string, conversationId: string, id: string): Promise<boolean>
}

/** What siblings have in common. */
const placeOf = ({ conversationId, parentId }: Pick<Message, 'conversationId' | 'parentId'>) =>
  `${conversationId} ${parentId}`

interface PathPlace {
  number: number
  leafFits: boolean
  afterFits: boolean
  beforeFits: boolean
  hasAbove: boolean
  hasBelow: boolean
  /** The page ends where the next message would take it over its bytes. */
  isCut: boolean
}

/** Of a place without messages there is one row, whose message is null. */
type Optional<Message extends { id: string }> = Omit<Message, 'id'> & { id: string | null }
type PathRow = PathPlace & Optional<Row>
type PathSummaryRow = { length: number } & Optional<Row>
type SizedRow = Row & { total: number }
type KeyRow = Row & { inputHash: string | null }

const sized = (text: string) => statement<SizedRow>(text, { ...messageColumns, total: 'number' })
const find = sized(findSql)
const siblings = sized(siblingsSql)
const choices = sized(choicesSql)
const paths = statement<PathRow>(pathsSql, {
  ...messageColumns,
  number: 'number',
  leafFits: 'boolean',
  afterFits: 'boolean',
  beforeFits: 'boolean',
  hasAbove: 'boolean',
  hasBelow: 'boolean',
  isCut: 'boolean',
})
const endOfPath = statement<Row>(endOfPathSql, messageColumns)
const pathSummary = statement<PathSummaryRow>(pathSummarySql, { ...messageColumns, length: 'number' })
const ofCompletions = statement<Row>(
  `SELECT ${columns} FROM messages m WHERE m.completion_id = ANY($1::uuid[]) ORDER BY m.choice_index`,
  messageColumns,
)
const byKey = statement<KeyRow>(
  `SELECT ${columns}, m.input_hash AS "inputHash" FROM messages m WHERE m.author_id = $1 AND m.idempotency_key = $2`,
  { ...messageColumns, inputHash: 'text' },
)

const maxPageBytes = 8 * 1024 * 1024

// No path is as long.
const sizeOf = ({ first, last }: PathSlice) => first ?? last ?? 1_000_000_000

function pathValues(slices: readonly PathSlice[]) {
  return [
    slices.map((slice) => slice.conversationId),
    slices.map((slice) => slice.leafId),
    slices.map((slice) => slice.after),
    slices.map((slice) => slice.before),
    slices.map((slice) => slice.first === null),
    // One more, to see whether there is more.
    slices.map((slice) => sizeOf(slice) + 1),
    Math.min(maxPageBytes, Math.floor(maxReadBytes / slices.length)),
  ]
}

function pageOf(slice: PathSlice, rows: readonly PathRow[]): PathPage {
  const [first] = rows
  const found = rows.flatMap(({ number, leafFits, afterFits, beforeFits, hasAbove, hasBelow, isCut, ...row }) =>
    row.id === null ? [] : messageOf({ ...row, id: row.id }),
  )
  const size = sizeOf(slice)
  const isOver = found.length > size
  const hasMore = isOver || first?.isCut === true
  const fromEnd = slice.first === null
  return {
    messages: isOver ? (fromEnd ? found.slice(1) : found.slice(0, -1)) : found,
    hasPrevious: first?.hasAbove || (fromEnd && hasMore),
    hasNext: first?.hasBelow || (!fromEnd && hasMore),
    misplaced: first === undefined ? null : misplacedIn(first),
  }
}

function misplacedIn({ leafFits, afterFits, beforeFits }: PathPlace): PathPage['misplaced'] {
  if (!leafFits) return 'leafId'
  if (!afterFits) return 'after'
  return beforeFits ? null : 'before'
}

export function createMessages(database: Database): Messages {
  const { query, prisma } = database

  async function readWithTotal(text: Statement<SizedRow>, values: readonly unknown[]): Promise<Message[]> {
    const rows = await query(text, values)
    const [first] = rows
    if (first !== undefined && first.total > maxReadBytes) {
      throw new StoreError('TOO_LARGE', `the messages have ${first.total} bytes, of which ${maxReadBytes} are read`)
    }
    return rows.map(({ total: _total, ...row }) => messageOf(row))
  }

  return {
    find: (viewerId, ids) => readWithTotal(find, [viewerId, ids]),
    async paths(slices) {
      const rows = await query(paths, pathValues(slices))
      return slices.map((slice, index) => {
        const own = rows.filter(({ number }) => number === index + 1)
        return pageOf(slice, own)
      })
    },
    async onPath(viewerId, ids) {
      return (await query(onPathSql, [viewerId, ids])).map(({ id }) => id)
    },
    async unreadCounts(viewerId, conversationIds, most) {
      const rows = await query(unreadSql, [viewerId, conversationIds, most])
      return new Map(rows.map(({ id, count }) => [id, count]))
    },
    async endOfPath(leafId, { messages, bytes }) {
      const rows = await query(endOfPath, [leafId, messages, bytes])
      return rows.map(messageOf)
    },
    async pathSummary(leafId, { messages, bytes }) {
      const values = [leafId, messages, bytes]
      const rows = await query(pathSummary, values)
      const instructions = rows.flatMap(({ length: _length, ...row }) =>
        row.id === null ? [] : messageOf({ ...row, id: row.id }),
      )
      return { length: rows[0]?.length ?? 0, instructions }
    },
    async siblings(messages, most) {
      const conversationIds = messages.map(({ conversationId }) => conversationId)
      const parentIds = messages.map(({ parentId }) => parentId)
      const found = await readWithTotal(siblings, [conversationIds, parentIds, most])
      const groups = new Map<string, Message[]>(messages.map((message) => [placeOf(message), []]))
      for (const message of found) groups.get(placeOf(message))?.push(message)
      return new Map(messages.map((message) => [message.id, groups.get(placeOf(message)) ?? []]))
    },
    async siblingsCount(viewerId, ids) {
      const rows = await query(siblingsCountSql, [viewerId, ids])
      return new Map(rows.map(({ id, count }) => [id, count]))
    },
    async ofCompletions(completionIds) {
      return (await query(ofCompletions, [completionIds])).map(messageOf)
    },
    async idsOfCompletion(completionId) {
      const orderBy = { choiceIndex: 'asc' } as const
      const rows = await prisma.message.findMany({ where: { completionId }, select: { id: true }, orderBy })
      return rows.map(({ id }) => id)
    },
    choices: (completionIds) => readWithTotal(choices, [completionIds]),
    async byKey(authorId, idempotencyKey) {
      const [found] = await query(byKey, [authorId, idempotencyKey])
      if (found === undefined) return null
      const { inputHash, ...row } = found
      return { message: messageOf(row), inputHash }
    },
    async create(message, isAtLeaf) {
      const rows = await query(createSql, [JSON.stringify(messageRow(message)), message.conversationId, isAtLeaf])
      return rows.length === 1
    },
    remove: async (viewerId, conversationId, id) =>
      (await withConversationLock(database, conversationId, removeSql, [conversationId, viewerId, id])) !== null,
  }
}
