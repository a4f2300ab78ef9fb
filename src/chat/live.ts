import type { Completion } from '../store/completion.ts'
import { type Answer, createAnswer } from '../stream/answer.ts'
import type { Context } from './context.ts'

/** Why an answer is stopped before its end; DISPLACED: what it was to answer, or its place, was gone when its turn came. */
export type StopReason = 'CANCELLED' | 'DISPLACED' | 'SERVER_DRAINED' | 'SERVER_LOST'

/** An answer that this replica streams. */
export interface Live {
  /** Changes as the answer comes. */
  completion: Completion
  readonly answer: Answer<Completion>
  /** Under which it was begun. */
  readonly replicaId: string
  /** By choice. */
  readonly messageIds: readonly string[]
  readonly choiceCount: number
  /** Its conversation had no title when it was asked. */
  readonly isUntitled: boolean
  /** To be written, or for its turn: not sent yet, so that another server can take it over. */
  isWaiting: boolean
  /** Aborts the upstream call; its reason is a StopReason. */
  readonly stopper: AbortController
  /** Asked for when it has its turn, where the answer before it is part of it and was not whole. */
  readonly prompt: () => Promise<Context>
  /** What goes up, by wire names; may hold a bigint, which the stored parameters may not. */
  readonly parameters: Record<string, unknown>
}

export interface LiveAnswers {
  add(live: Omit<Live, 'answer' | 'stopper'>, onFollowers: (live: Live, count: number) => void): Live
  /** Unstored ones for a while after their end, too. */
  get(id: string): Live | null
  /** Those that have not ended. */
  running(): Live[]
  /** False where it does not run here. */
  stop(id: string, reason: StopReason): boolean
  /** Takes back what was added and not begun. */
  discard(live: Live): void
  /** Stored answers go at once: the store has them. Others stay a while in memory, for viewers who come back. */
  remove(live: Live): void
  /** Resolves when none runs. */
  settled(): Promise<void>
}

const keptAnswers = 1_000
const keptMs = 60_000

export function createLiveAnswers(): LiveAnswers {
  const running = new Map<string, Live>()
  const kept = new Map<string, Live>()
  const waiting = new Set<() => void>()

  function keep(live: Live) {
    const { id } = live.answer
    const [oldest] = kept.keys()
    if (kept.size >= keptAnswers && oldest !== undefined) kept.delete(oldest)
    kept.set(id, live)
    setTimeout(() => kept.delete(id), keptMs).unref()
  }

  function discard({ answer }: Live) {
    running.delete(answer.id)
    if (running.size > 0) return
    for (const resolve of waiting) resolve()
    waiting.clear()
  }

  return {
    add(parts, onFollowers) {
      const answer = createAnswer<Completion>(parts.completion.id, (count) => onFollowers(live, count))
      const live: Live = { ...parts, answer, stopper: new AbortController() }
      running.set(answer.id, live)
      return live
    },
    get: (id) => running.get(id) ?? kept.get(id) ?? null,
    running: () => [...running.values()],
    stop(id, reason) {
      const live = running.get(id)
      live?.stopper.abort(reason)
      return live !== undefined
    },
    discard,
    remove(live) {
      if (!live.completion.stored) keep(live)
      discard(live)
    },
    async settled() {
      if (running.size > 0) await new Promise<void>((resolve) => waiting.add(resolve))
    },
  }
}
