import type { Bus } from '../../bus/bus.ts'
import type { Completion } from '../../store/completion.ts'
import type { Store } from '../../store/store.ts'
import { type Answer, createAnswer } from '../../stream/answer.ts'
import { choiceBetween } from '../../stream/choice.ts'
import type { Log } from '../access/log.ts'
import { createPoller, type Poller } from '../access/poller.ts'
import { choiceOf, fold } from './stored-answer.ts'

/** Answers that other replicas stream, followed here through the log: one reading for all their viewers here. */
export interface RemoteAnswers {
  /** With all that the log has by now. */
  open(completionId: string): Promise<Answer<Completion>>
  /** Goes on with an answer that was to be streamed here and has no text yet. */
  follow(answer: Answer<Completion>): void
  start(): void
  stop(): void
}

interface RemoteAnswer {
  answer: Answer<Completion>
  sequence: number
  /** Nobody followed it at the last look. */
  isLeft: boolean
}

/** What a lost wake-up costs at most. */
const pollMs = 500
/** Well within the time after which an abandoned answer is cancelled. */
const watchedMs = 3_000

export function createRemoteAnswers(store: Store, bus: Bus, log: Log): RemoteAnswers {
  const remoteAnswers = new Map<string, RemoteAnswer>()
  const woken = new Set<string>()
  let reading: Promise<void> = Promise.resolve()
  let next: Promise<void> | null = null
  let pollTimer: NodeJS.Timeout | undefined
  let unsubscribe = () => {}
  const watchedPoller = createWatchedPoller(store, remoteAnswers, log)

  async function readWoken() {
    const asked = [...woken].flatMap((id) => remoteAnswers.get(id) ?? [])
    woken.clear()
    if (asked.length === 0) return
    await refresh(store, asked)
    for (const { answer } of asked) if (answer.outcome() !== null) remoteAnswers.delete(answer.id)
  }

  /** One reading at a time: resolves when one is done that has started after the call. */
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
    for (const id of ids) if (remoteAnswers.has(id)) woken.add(id)
    if (woken.size === 0 || next !== null) return
    readNext().catch((error: unknown) => log.warn({ err: error }, 'the answer log could not be read; viewers wait'))
  }

  /** Whoever comes back may have seen more elsewhere than was read here. */
  async function upToDate(remote: RemoteAnswer): Promise<Answer<Completion>> {
    const { answer } = remote
    woken.add(answer.id)
    await readNext()
    // Its last viewer may have left meanwhile.
    const isFollowed = remoteAnswers.get(answer.id) === remote || answer.outcome() !== null
    return isFollowed ? answer : open(answer.id)
  }

  async function openNew(completionId: string): Promise<Answer<Completion>> {
    // Not at once: whoever has just been given the answer is about to follow it.
    const forget = () =>
      answer.followers() === 0 && remoteAnswers.get(completionId) === remote && remoteAnswers.delete(completionId)
    const answer = createAnswer<Completion>(completionId, (followers) => followers === 0 && setImmediate(forget))
    const remote: RemoteAnswer = { answer, sequence: 0, isLeft: false }
    await refresh(store, [remote])
    if (answer.outcome() !== null) return answer
    const meanwhile = remoteAnswers.get(completionId)
    if (meanwhile !== undefined) return upToDate(meanwhile)
    remoteAnswers.set(completionId, remote)
    // The grace time of an abandoned answer may be over before the poller's next run.
    store.completions.keepWatched([completionId]).catch(warnUntold(log))
    return answer
  }

  function open(completionId: string): Promise<Answer<Completion>> {
    const known = remoteAnswers.get(completionId)
    return known === undefined ? openNew(completionId) : upToDate(known)
  }

  return {
    open,
    follow(answer) {
      if (answer.followers() === 0) return
      remoteAnswers.set(answer.id, { answer, sequence: 0, isLeft: false })
      wake([answer.id])
    },
    start() {
      unsubscribe = bus.subscribe('moved', wake)
      pollTimer = setInterval(() => wake(remoteAnswers.keys()), pollMs)
      watchedPoller.start()
    },
    stop() {
      clearInterval(pollTimer)
      watchedPoller.stop()
      unsubscribe()
      remoteAnswers.clear()
    },
  }
}

/** Tells the replicas that stream these answers that somebody watches them here. */
function createWatchedPoller({ completions }: Store, remoteAnswers: Map<string, RemoteAnswer>, log: Log): Poller {
  return createPoller({
    everyMs: watchedMs,
    async work() {
      const ids = forgetLeft(remoteAnswers)
      if (ids.length > 0) await completions.keepWatched(ids)
    },
    onError: warnUntold(log),
  })
}

function warnUntold(log: Log) {
  return (error: unknown) => {
    log.warn({ err: error }, 'the replica that streams an answer could not be told of its viewers here')
  }
}

/**
 * Gives the ids of those that are followed. Where one was adopted, or was opened and never followed, nobody hears when it
 * has no viewers any more; so it goes at the second look: whoever has just been given the answer is about to follow it.
 */
function forgetLeft(remoteAnswers: Map<string, RemoteAnswer>): string[] {
  for (const [id, remote] of remoteAnswers) {
    const isFollowed = remote.answer.followers() > 0
    if (remote.isLeft && !isFollowed) remoteAnswers.delete(id)
    remote.isLeft = !isFollowed
  }
  return [...remoteAnswers.values()].filter(({ isLeft }) => !isLeft).map(({ answer }) => answer.id)
}

async function readLog({ answerLog }: Store, asked: readonly RemoteAnswer[]) {
  const offsets = asked.map(({ answer, sequence }) => ({ completionId: answer.id, sequence }))
  const entries = await answerLog.since(offsets)
  for (const remote of asked) {
    const newEntries = entries.filter(({ completionId }) => completionId === remote.answer.id)
    remote.sequence = fold(remote.answer, newEntries, remote.sequence)
  }
}

async function endThoseThatEnded(store: Store, asked: readonly RemoteAnswer[]) {
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

async function refresh(store: Store, asked: readonly RemoteAnswer[]): Promise<void> {
  await readLog(store, asked)
  await endThoseThatEnded(store, asked)
  for (const { answer } of asked) answer.reveal(answer.position())
}
