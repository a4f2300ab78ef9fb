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
} from './message-row.ts'

/**
 * A slice of the path from the root to a leaf, oldest first. It is between the messages `after` and `before`, which may be
 * deleted. It has the first `first` or the last `last` messages of this range, or all messages if neither number is given.
 */
export interface PathSlice {
  conversationId: string
  /** Null for a viewer who has no current leaf. The path is then empty. */
  leafId: string | null
  after: string | null
  before: string | null
  first: number | null
  last: number | null
}

/**
 * `misplaced` is `leafId` if the leaf is not in the conversation, and `after` or `before` if that message is not on the path.
 * The page then has no messages.
 */
export interface PathPage {
  messages: Message[]
  hasPrevious: boolean
  hasNext: boolean
  misplaced: 'leafId' | 'after' | 'before' | null
}

/** The length of a path, and those of its messages that every context includes. */
export interface PathSummary {
  /** The number of messages on the path. */
  length: number
  /** The SYSTEM and DEVELOPER messages of the path, oldest first, without their reasoning and logprobs. */
  instructions: Message[]
}

/** The maximum to read. The message with which a maximum is exceeded is read, too. */
export interface ReadBounds {
  messages: number
  bytes: number
}

export interface Messages {
  /**
   * Rejects with StoreError TOO_LARGE if the messages have more text than one read may return. So do `siblings` and `choices`.
   */
  find(viewerId: string, ids: readonly string[]): Promise<Message[]>
  /**
   * Returns the pages in the order of the slices. The work grows with the size of the slices, not with the length of the paths.
   * A page has fewer messages than were requested if these have more bytes than one page may have.
   */
  paths(slices: readonly PathSlice[]): Promise<PathPage[]>
  /** Returns the ids of those of the messages that are on the viewer's path. */
  onPath(viewerId: string, ids: readonly string[]): Promise<string[]>
  /**
   * For each conversation, the number of messages on the viewer's path after the one that they read last, counted up to `most`.
   */
  unreadCounts(viewerId: string, conversationIds: readonly string[], most: number): Promise<Map<string, number>>
  /** The last messages of the path to this leaf, oldest first, without their reasoning and logprobs. */
  endOfPath(leafId: string, bounds: ReadBounds): Promise<Message[]>
  /**
   * Summarizes the path to this leaf. The work does not grow with the length of the path. If there are more instructions than
   * the bounds allow, the newest are read.
   */
  pathSummary(leafId: string, bounds: ReadBounds): Promise<PathSummary>
  /** For each of these messages, by its id, its newest `most` siblings, oldest first. A message is one of its own siblings. */
  siblings(messages: readonly Message[], most: number): Promise<Map<string, readonly Message[]>>
  /** For each of the messages that the viewer may see, the number of its siblings, including the message itself. */
  siblingsCount(viewerId: string, ids: readonly string[]): Promise<Map<string, number>>
  /** All messages that the completions wrote, by choice. Deleted messages are included, without their content. */
  ofCompletions(completionIds: readonly string[]): Promise<Message[]>
  /** The ids of all messages that the completion wrote, by choice. */
  idsOfCompletion(completionId: string): Promise<string[]>
  /** The messages of the completions that are not deleted, by choice. */
  choices(completionIds: readonly string[]): Promise<Message[]>
  byKey(authorId: string, idempotencyKey: string): Promise<{ message: Message; inputHash: string | null } | null>
  /**
   * Resolves with false, and writes nothing, if the author has already used the key or may no longer write. With `isAtLeaf`,
   * the same happens if the parent is not the author's current leaf.
   */
  create(message: NewMessage, isAtLeaf: boolean): Promise<boolean>
  /** Resolves with false, and deletes nothing, if the message is already deleted or the viewer may not delete it. */
  remove(viewerId: string, conversationId: string, id: string): Promise<boolean>
}

/** The key of a place in the tree, which siblings have in common. */
const placeOf = ({ conversationId, parentId }: Pick<Message, 'conversationId' | 'parentId'>) =>
  `${conversationId} ${parentId}`

interface PathPlace {
  number: number
  leafFits: boolean
  afterFits: boolean
  beforeFits: boolean
  hasAbove: boolean
  hasBelow: boolean
  /** The page ends early, because it has reached the maximum of bytes. */
  isCut: boolean
}

/** A slice without messages gives one row, in which all columns of the message are null. */
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

// The number stands for all messages: no path is that long.
const sizeOf = ({ first, last }: PathSlice) => first ?? last ?? 1_000_000_000

function pathValues(slices: readonly PathSlice[]) {
  return [
    slices.map((slice) => slice.conversationId),
    slices.map((slice) => slice.leafId),
    slices.map((slice) => slice.after),
    slices.map((slice) => slice.before),
    slices.map((slice) => slice.first === null),
    // One more message is requested, to find out whether the path continues.
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
