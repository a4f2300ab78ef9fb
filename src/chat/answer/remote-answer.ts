import type { Bus } from '../../bus/bus.ts'
import type { Completion } from '../../store/completion.ts'
import type { Store } from '../../store/store.ts'
import { type Answer, createAnswer } from '../../stream/answer.ts'
import { choiceBetween } from '../../stream/choice.ts'
import type { Log } from '../access/log.ts'
import { createPoller, type Poller } from '../access/poller.ts'
import { choiceOf, fold } from './stored-answer.ts'

/** Answers that other replicas stream. This replica follows each of them through the log, once for all its viewers here. */
export interface RemoteAnswers {
  /** Resolves with the answer up to the current end of its log. */
  open(completionId: string): Promise<Answer<Completion>>
  /** Follows an answer that this replica was to stream, and that another one took over before it had any text. */
  follow(answer: Answer<Completion>): void
  start(): void
  stop(): void
}

interface RemoteAnswer {
  answer: Answer<Completion>
  sequence: number
  /** It had no followers at the last check. */
  isUnfollowed: boolean
}

/** The longest delay that a lost wake-up can cause. */
const pollMs = 500
/** Well below the time after which an abandoned answer is cancelled. */
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

  /** Only one read runs at a time. Resolves when a read is done that started after the call. */
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

  /** A viewer who reconnects may have seen more text at another replica than was read here so far. */
  async function upToDate(remote: RemoteAnswer): Promise<Answer<Completion>> {
    const { answer } = remote
    woken.add(answer.id)
    await readNext()
    // The last viewer may have left during the read, so that the answer is no longer followed here.
    const isFollowed = remoteAnswers.get(answer.id) === remote || answer.outcome() !== null
    return isFollowed ? answer : open(answer.id)
  }

  async function openNew(completionId: string): Promise<Answer<Completion>> {
    // Not immediately, because a caller that has just received the answer is about to follow it.
    const forget = () =>
      answer.followers() === 0 && remoteAnswers.get(completionId) === remote && remoteAnswers.delete(completionId)
    const answer = createAnswer<Completion>(completionId, (followers) => followers === 0 && setImmediate(forget))
    const remote: RemoteAnswer = { answer, sequence: 0, isUnfollowed: false }
    await refresh(store, [remote])
    if (answer.outcome() !== null) return answer
    const meanwhile = remoteAnswers.get(completionId)
    if (meanwhile !== undefined) return upToDate(meanwhile)
    remoteAnswers.set(completionId, remote)
    // The grace period of an abandoned answer may end before the poller's next run.
    store.completions.keepWatched([completionId]).catch(warnOfWatched(log))
    return answer
  }

  function open(completionId: string): Promise<Answer<Completion>> {
    const followed = remoteAnswers.get(completionId)
    return followed === undefined ? openNew(completionId) : upToDate(followed)
  }

  return {
    open,
    follow(answer) {
      if (answer.followers() === 0) return
      remoteAnswers.set(answer.id, { answer, sequence: 0, isUnfollowed: false })
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

/** Records in the store that these answers are watched here, for the abandon policy of the replicas that stream them. */
function createWatchedPoller({ completions }: Store, remoteAnswers: Map<string, RemoteAnswer>, log: Log): Poller {
  return createPoller({
    everyMs: watchedMs,
    async work() {
      const ids = forgetUnfollowed(remoteAnswers)
      if (ids.length > 0) await completions.keepWatched(ids)
    },
    onError: warnOfWatched(log),
  })
}

function warnOfWatched(log: Log) {
  return (error: unknown) => {
    log.warn({ err: error }, 'could not record that answers of other servers are watched at this one')
  }
}

/**
 * Returns the ids of the answers that are followed. An answer that was taken over, or opened and never followed, does not
 * report that it has no viewers, so it is removed when two checks in a row find none. One check is not enough, because a caller
 * that has just received the answer is about to follow it.
 */
function forgetUnfollowed(remoteAnswers: Map<string, RemoteAnswer>): string[] {
  for (const [id, remote] of remoteAnswers) {
    const isFollowed = remote.answer.followers() > 0
    if (remote.isUnfollowed && !isFollowed) remoteAnswers.delete(id)
    remote.isUnfollowed = !isFollowed
  }
  return [...remoteAnswers.values()].filter(({ isUnfollowed }) => !isUnfollowed).map(({ answer }) => answer.id)
}

async function readLog({ answerLog }: Store, asked: readonly RemoteAnswer[]) {
  const offsets = asked.map(({ answer, sequence }) => ({ completionId: answer.id, sequence }))
  const entries = await answerLog.since(offsets)
  for (const remote of asked) {
    const newEntries = entries.filter(({ completionId }) => completionId === remote.answer.id)
    remote.sequence = fold(remote.answer, newEntries, remote.sequence)
  }
}

async function endFinished(store: Store, asked: readonly RemoteAnswer[]) {
  const completions = await store.completions.load(asked.map(({ answer }) => answer.id))
  const ended = new Map(completions.filter(({ status }) => status !== 'IN_PROGRESS').map((item) => [item.id, item]))
  const messages = await store.messages.ofCompletions([...ended.keys()])
  const answersOf = (id: string) => messages.filter(({ completionId }) => completionId === id)
  for (const { answer } of asked) {
    const completion = ended.get(answer.id)
    if (completion === undefined) continue
    const position = answer.position()
    answer.append(
      answersOf(answer.id).map((message, index) => choiceBetween(choiceOf(message, index), position[index])),
    )
    answer.end(completion)
  }
}

async function refresh(store: Store, asked: readonly RemoteAnswer[]): Promise<void> {
  await readLog(store, asked)
  await endFinished(store, asked)
  for (const { answer } of asked) answer.reveal(answer.position())
}
