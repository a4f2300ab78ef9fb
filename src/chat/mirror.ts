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
  /** Goes on with an answer that was to be streamed here and has no text yet. */
  adopt(answer: Answer<Completion>): void
  start(): void
  stop(): void
}

interface Mirror {
  answer: Answer<Completion>
  sequence: number
  /** Nobody followed it at the last look. */
  isLeft: boolean
}

/** What a lost wake-up costs at most. */
const pollMs = 500
/** Well within the time after which an unwatched answer is cancelled. */
const watchedMs = 3_000

export function createMirrors(store: Store, bus: Bus, log: Log): Mirrors {
  const mirrors = new Map<string, Mirror>()
  const woken = new Set<string>()
  let reading: Promise<void> = Promise.resolve()
  let next: Promise<void> | null = null
  let pollTimer: NodeJS.Timeout | undefined
  let watchedTimer: NodeJS.Timeout | undefined
  let unsubscribe = () => {}

  async function readWoken() {
    const asked = [...woken].flatMap((id) => mirrors.get(id) ?? [])
    woken.clear()
    if (asked.length === 0) return
    await refresh(store, asked)
    for (const { answer } of asked) if (answer.outcome() !== null) mirrors.delete(answer.id)
  }

  /** One reading at a time: resolves when one is done that has begun after the call. */
  function readNext(): Promise<void> {
    next ??= reading.then(() => {
      next = null
      const current = readWoken()
      reading = current.catch(() => {})
      return current
    })
    return next
  }

  function wake(ids: Iterable<string>) {
    for (const id of ids) if (mirrors.has(id)) woken.add(id)
    if (woken.size === 0 || next !== null) return
    readNext().catch((error: unknown) => log.warn({ err: error }, 'the answer log could not be read; viewers wait'))
  }

  /** Whoever comes back may have seen more elsewhere than was read here. */
  async function upToDate(mirror: Mirror): Promise<Answer<Completion>> {
    const { answer } = mirror
    woken.add(answer.id)
    await readNext()
    // Its last viewer may have left meanwhile.
    const isFollowed = mirrors.get(answer.id) === mirror || answer.outcome() !== null
    return isFollowed ? answer : open(answer.id)
  }

  async function openNew(completionId: string): Promise<Answer<Completion>> {
    // Not at once: whoever has just been given the answer is about to follow it.
    const forget = () =>
      answer.followers() === 0 && mirrors.get(completionId) === mirror && mirrors.delete(completionId)
    const answer = createAnswer<Completion>(completionId, (followers) => followers === 0 && setImmediate(forget))
    const mirror: Mirror = { answer, sequence: 0, isLeft: false }
    await refresh(store, [mirror])
    if (answer.outcome() !== null) return answer
    const meanwhile = mirrors.get(completionId)
    if (meanwhile !== undefined) return upToDate(meanwhile)
    mirrors.set(completionId, mirror)
    // The time that an unwatched answer is given may be over before the next round.
    void keepWatched(store, [completionId], log)
    return answer
  }

  function open(completionId: string): Promise<Answer<Completion>> {
    const known = mirrors.get(completionId)
    return known === undefined ? openNew(completionId) : upToDate(known)
  }

  return {
    open,
    adopt(answer) {
      if (answer.followers() === 0) return
      mirrors.set(answer.id, { answer, sequence: 0, isLeft: false })
      wake([answer.id])
    },
    start() {
      unsubscribe = bus.subscribe('moved', wake)
      pollTimer = setInterval(() => wake(mirrors.keys()), pollMs)
      watchedTimer = setInterval(() => void keepWatched(store, forgetLeft(mirrors), log), watchedMs)
    },
    stop() {
      clearInterval(pollTimer)
      clearInterval(watchedTimer)
      unsubscribe()
      mirrors.clear()
    },
  }
}

/**
 * Gives the ids of those that are followed. Where one was adopted, or was opened and never followed, nobody hears when it
 * has no viewers any more; so it goes at the second look: whoever has just been given the answer is about to follow it.
 */
function forgetLeft(mirrors: Map<string, Mirror>): string[] {
  for (const [id, mirror] of mirrors) {
    const isFollowed = mirror.answer.followers() > 0
    if (mirror.isLeft && !isFollowed) mirrors.delete(id)
    mirror.isLeft = !isFollowed
  }
  return [...mirrors.values()].filter(({ isLeft }) => !isLeft).map(({ answer }) => answer.id)
}

async function keepWatched({ completions }: Store, ids: readonly string[], log: Log) {
  try {
    if (ids.length > 0) await completions.keepWatched(ids)
  } catch (error) {
    log.warn({ err: error }, 'who streams an answer could not be told of its viewers here')
  }
}

async function readLog({ answerLog }: Store, asked: readonly Mirror[]) {
  const places = asked.map(({ answer, sequence }) => ({ completionId: answer.id, sequence }))
  const entries = await answerLog.since(places)
  for (const mirror of asked) {
    const fresh = entries.filter(({ completionId }) => completionId === mirror.answer.id)
    mirror.sequence = fold(mirror.answer, fresh, mirror.sequence)
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
