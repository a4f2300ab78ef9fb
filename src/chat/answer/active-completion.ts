import { LRUCache } from 'lru-cache'
import type { Completion } from '../../store/completion.ts'
import { type Answer, createAnswer } from '../../stream/answer.ts'

/**
 * Why an answer is stopped before its end. DISPLACED: the message that it was to answer, or its own message, had been deleted
 * when its turn came.
 */
export type StopReason = 'CANCELLED' | 'DISPLACED' | 'SERVER_DRAINED' | 'SERVER_LOST'

/** A completion whose answer this replica streams, or that waits here for its turn. */
export interface ActiveCompletion {
  /** Changes while the answer arrives. */
  completion: Completion
  readonly answer: Answer<Completion>
  /** The id that this replica had when it started the completion. */
  readonly replicaId: string
  /** The message of each choice, in the order of the choices. */
  readonly messageIds: readonly string[]
  readonly choiceCount: number
  /** The conversation had no title when the question was asked. */
  readonly isUntitled: boolean
  /** It is cancelled as soon as nobody follows it. Other completions wait some seconds for viewers to come back. */
  readonly isLeftAtOnce: boolean
  /** It is not inserted yet, or waits for its turn. Nothing was sent upstream, so another replica can take it over. */
  isWaiting: boolean
  /** Aborts the upstream call. The reason of its signal is a StopReason. */
  readonly stopper: AbortController
  /** The parameters that are sent upstream, by their wire names. They may hold a bigint, unlike the stored ones. */
  readonly parameters: Record<string, unknown>
}

export interface ActiveCompletions {
  add(
    active: Omit<ActiveCompletion, 'answer' | 'stopper'>,
    onFollowers: (active: ActiveCompletion, count: number) => void,
  ): ActiveCompletion
  /** Also finds an unstored completion for a minute after its end. */
  get(id: string): ActiveCompletion | null
  /** The current state of a completion that is streamed here; any other is returned as it is. */
  current(completion: Completion): Completion
  /** All that have not ended. */
  running(): ActiveCompletion[]
  /** Returns false if the completion does not run here. */
  stop(id: string, reason: StopReason): boolean
  /** Removes a completion that was added and never started here. */
  discard(active: ActiveCompletion): void
  /**
   * Removes a completion that has ended. An unstored answer stays in memory for a minute, for viewers who reconnect; a stored
   * one can be read from the store.
   */
  remove(active: ActiveCompletion): void
  /** Resolves when no completion runs here. */
  settled(): Promise<void>
}

const maxEnded = 1_000
const endedMs = 60_000

export function createActiveCompletions(): ActiveCompletions {
  const running = new Map<string, ActiveCompletion>()
  const ended = new LRUCache<string, ActiveCompletion>({ max: maxEnded, ttl: endedMs, ttlAutopurge: true })
  const waiting = new Set<() => void>()

  function discard({ answer }: ActiveCompletion) {
    running.delete(answer.id)
    if (running.size > 0) return
    for (const resolve of waiting) resolve()
    waiting.clear()
  }

  return {
    add(parts, onFollowers) {
      const answer = createAnswer<Completion>(parts.completion.id, (count) => onFollowers(active, count))
      const active: ActiveCompletion = { ...parts, answer, stopper: new AbortController() }
      running.set(answer.id, active)
      return active
    },
    get: (id) => running.get(id) ?? ended.get(id) ?? null,
    // An ending that was read from the store may be newer than the state here: it is stored first.
    current: (completion) =>
      completion.status === 'IN_PROGRESS'
        ? (running.get(completion.id)?.completion ?? ended.get(completion.id)?.completion ?? completion)
        : completion,
    running: () => [...running.values()],
    stop(id, reason) {
      const active = running.get(id)
      active?.stopper.abort(reason)
      return active !== undefined
    },
    discard,
    remove(active) {
      if (!active.completion.stored) ended.set(active.answer.id, active)
      discard(active)
    },
    async settled() {
      if (running.size > 0) await new Promise<void>((resolve) => waiting.add(resolve))
    },
  }
}
