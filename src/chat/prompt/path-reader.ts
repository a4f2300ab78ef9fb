import type { Message, PathSummary } from '../../store/message.ts'
import type { Store } from '../../store/store.ts'
import type { WithStreamingText } from '../answer/streaming-text.ts'
import { maxContextBytes, maxContextMessages } from './context-plan.ts'

/** Reads a path from its end, page by page, so that the unneeded part of a long path is never read. */
export interface PathReader {
  /** The next older messages, oldest first. */
  next(count: number): Promise<Message[]>
  /** True when the whole path was read. */
  isDone(): boolean
  /** The summary of the whole path, without the instructions that `next` has already returned. */
  rest(): Promise<PathSummary>
}

// The read of a page, and the work on it, block other work.
const pageMessages = 512
const pageBytes = 1_000_000
// Reading one more message than is allowed shows that there are too many.
const instructionBounds = { messages: maxContextMessages + 1, bytes: maxContextBytes }

/** Reads the path to this leaf. The path of null is empty. */
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
      // If the conversation was deleted meanwhile, the path ends here.
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
