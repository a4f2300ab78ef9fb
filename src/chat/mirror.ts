import type { Completion } from '../store/completion.ts'
import type { Store } from '../store/store.ts'
import { type Answer, createAnswer } from '../stream/answer.ts'
import type { Bus } from '../stream/bus.ts'
import { choiceBetween } from '../stream/choice.ts'
import type { Log } from './log.ts'
import { choiceOf, fold } from './stored-answer.ts'

/** Answers that other replicas stream, followed here through the log: one reading for all their viewers here. */
export interface Mirrors {
  /** With all that the log has by now. */
  open(completionId: string): Promise<Answer<Completion>>
  start(): void
  stop(): void
}

interface Mirror {
  answer: Answer<Completion>
  sequence: number
}

/** What a lost wake-up costs at most. */
const pollMs = 500
/** Well within the time after which an unwatched answer is cancelled. */
const watchedMs = 3_000

export function createMirrors(store: Store, bus: Bus, log: Log): Mirrors {
  const mirrors = new Map<string, Mirror>()
  const woken = new Set<string>()
  let isReading = false
  let pollTimer: NodeJS.Timeout | undefined
  let watchedTimer: NodeJS.Timeout | undefined
  let unsubscribe = () => {}

  async function refreshAndForget(asked: readonly Mirror[]) {
    await refresh(store, asked)
    for (const { answer } of asked) if (answer.outcome() !== null) mirrors.delete(answer.id)
  }

  // One reading at a time: what wakes meanwhile is read in the next.
  async function readWoken() {
    isReading = true
    while (woken.size > 0) {
      const asked = [...woken].flatMap((id) => mirrors.get(id) ?? [])
      woken.clear()
      try {
        if (asked.length > 0) await refreshAndForget(asked)
      } catch (error) {
        log.warn({ err: error }, 'the answer log could not be read; viewers wait')
      }
    }
    isReading = false
  }

  function wake(ids: Iterable<string>) {
    for (const id of ids) if (mirrors.has(id)) woken.add(id)
    if (woken.size > 0 && !isReading) void readWoken()
  }

  async function keepWatched() {
    try {
      if (mirrors.size > 0) await store.completions.keepWatched([...mirrors.keys()])
    } catch (error) {
      log.warn({ err: error }, 'who streams an answer could not be told of its viewers here')
    }
  }

  return {
    async open(completionId) {
      const known = mirrors.get(completionId)
      if (known !== undefined) return known.answer
      const forget = (followers: number) => followers === 0 && mirrors.delete(completionId)
      const answer = createAnswer<Completion>(completionId, forget)
      const mirror = { answer, sequence: 0 }
      await refresh(store, [mirror])
      if (answer.outcome() !== null) return answer
      const meanwhile = mirrors.get(completionId)
      if (meanwhile !== undefined) return meanwhile.answer
      mirrors.set(completionId, mirror)
      return answer
    },
    start() {
      unsubscribe = bus.subscribe('moved', wake)
      pollTimer = setInterval(() => wake(mirrors.keys()), pollMs)
      watchedTimer = setInterval(() => void keepWatched(), watchedMs)
    },
    stop() {
      clearInterval(pollTimer)
      clearInterval(watchedTimer)
      unsubscribe()
      mirrors.clear()
    },
  }
}

async function readLog({ answerLog }: Store, asked: readonly Mirror[]) {
  const places = asked.map(({ answer, sequence }) => ({ completionId: answer.id, sequence }))
  const entries = await answerLog.since(places)
  for (const mirror of asked) {
    const fresh = entries.filter(({ completionId }) => completionId === mirror.answer.id)
    fold(mirror.answer, fresh)
    mirror.sequence = fresh.at(-1)?.sequence ?? mirror.sequence
  }
}

async function endThoseThatEnded(store: Store, asked: readonly Mirror[]) {
  const completions = await store.completions.load(asked.map(({ answer }) => answer.id))
  const ended = new Map(completions.filter(({ status }) => status !== 'IN_PROGRESS').map((item) => [item.id, item]))
  const messages = await store.messages.ofCompletions([...ended.keys()])
  const answersOf = (id: string) => messages.filter(({ completionId }) => completionId === id)
  for (const { answer } of asked) {
    const completion = ended.get(answer.id)
    if (completion === undefined) continue
    const seen = answer.position()
    answer.append(answersOf(answer.id).map((message, index) => choiceBetween(choiceOf(message, index), seen[index])))
    answer.end(completion)
  }
}

async function refresh(store: Store, asked: readonly Mirror[]): Promise<void> {
  await readLog(store, asked)
  await endThoseThatEnded(store, asked)
  for (const { answer } of asked) answer.reveal(answer.position())
}
