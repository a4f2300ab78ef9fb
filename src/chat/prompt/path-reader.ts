import type { Message, PathSummary } from '../../store/message.ts'
import type { Store } from '../../store/store.ts'
import type { WithStreamingText } from '../answer/streaming-text.ts'
import { maxContextBytes, maxContextMessages } from './context-plan.ts'

/** Reads a path from its end, a page at a time: what is never needed of a long one is never read. */
export interface PathReader {
  /** The next older messages, oldest first. */
  next(count: number): Promise<Message[]>
  /** The whole path was read. */
  isDone(): boolean
  /** The summary of the whole path, without the instructions that `next` has already returned. */
  rest(): Promise<PathSummary>
}

// One page is read, and worked on, without a break.
const pageMessages = 512
const pageBytes = 1_000_000
// Reading one more message than is allowed shows that there are too many.
const instructionBounds = { messages: maxContextMessages + 1, bytes: maxContextBytes }

/** Of the path to this leaf; of null it is empty. */
export function createPathReader(
  store: Store,
  withStreamingText: WithStreamingText,
  leafId: string | null,
): PathReader {
  const read = new Set<string>()
  let nextId = leafId
  let pathSummary: PathSummary | null = null

  return {
    async next(count) {
      if (nextId === null) return []
      const bounds = { messages: Math.min(count, pageMessages), bytes: pageBytes }
      const messages = await store.messages.endOfPath(nextId, bounds)
      // Where the conversation was deleted meanwhile, nothing more comes.
      nextId = messages[0]?.parentId ?? null
      for (const { id } of messages) read.add(id)
      return withStreamingText(messages)
    },
    isDone: () => nextId === null,
    async rest() {
      if (leafId === null || nextId === null) return { length: read.size, instructions: [] }
      pathSummary ??= await store.messages.pathSummary(leafId, instructionBounds)
      return { ...pathSummary, instructions: pathSummary.instructions.filter(({ id }) => !read.has(id)) }
    },
  }
}
