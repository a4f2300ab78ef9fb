import type { Completion } from '../../store/completion.ts'
import { type Answer, createAnswer } from '../../stream/answer.ts'

/** Why an answer is stopped before its end; DISPLACED: what it was to answer, or its place, was gone when its turn came. */
export type StopReason = 'CANCELLED' | 'DISPLACED' | 'SERVER_DRAINED' | 'SERVER_LOST'

/** An answer that this replica streams. */
export interface ActiveCompletion {
  /** Changes as the answer comes. */
  completion: Completion
  readonly answer: Answer<Completion>
  /** Under which it was started. */
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
  /** What goes up, by wire names; may hold a bigint, which the stored parameters may not. */
  readonly parameters: Record<string, unknown>
}

export interface ActiveCompletions {
  add(
    active: Omit<ActiveCompletion, 'answer' | 'stopper'>,
    onFollowers: (active: ActiveCompletion, count: number) => void,
  ): ActiveCompletion
  /** Unstored ones for a while after their end, too. */
  get(id: string): ActiveCompletion | null
  /** The completion as it is now, where it is streamed here. */
  current(completion: Completion): Completion
  /** Those that have not ended. */
  running(): ActiveCompletion[]
  /** False where it does not run here. */
  stop(id: string, reason: StopReason): boolean
  /** Takes back what was added and not started. */
  discard(active: ActiveCompletion): void
  /** Stored answers go at once: the store has them. Others stay a while in memory, for viewers who come back. */
  remove(active: ActiveCompletion): void
  /** Resolves when none runs. */
  settled(): Promise<void>
}

const keptAnswers = 1_000
const keptMs = 60_000

export function createActiveCompletions(): ActiveCompletions {
  const running = new Map<string, ActiveCompletion>()
  const kept = new Map<string, ActiveCompletion>()
  const waiting = new Set<() => void>()

  function keep(active: ActiveCompletion) {
    const { id } = active.answer
    const [oldest] = kept.keys()
    if (kept.size >= keptAnswers && oldest !== undefined) kept.delete(oldest)
    kept.set(id, active)
    setTimeout(() => kept.delete(id), keptMs).unref()
  }

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
    get: (id) => running.get(id) ?? kept.get(id) ?? null,
    // An ending is stored a little before it is known here.
    current: (completion) =>
      completion.status === 'IN_PROGRESS'
        ? (running.get(completion.id)?.completion ?? kept.get(completion.id)?.completion ?? completion)
        : completion,
    running: () => [...running.values()],
    stop(id, reason) {
      const active = running.get(id)
      active?.stopper.abort(reason)
      return active !== undefined
    },
    discard,
    remove(active) {
      if (!active.completion.stored) keep(active)
      discard(active)
    },
    async settled() {
      if (running.size > 0) await new Promise<void>((resolve) => waiting.add(resolve))
    },
  }
}
