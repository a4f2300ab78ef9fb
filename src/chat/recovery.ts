import type { Completion } from '../store/completion.ts'
import type { Store } from '../store/store.ts'
import { createAnswer } from '../stream/answer.ts'
import type { Bus } from '../stream/bus.ts'
import type { Upstreams } from '../upstream/upstream.ts'
import { endedMessage, endingOfStop } from './ending.ts'
import type { LiveAnswers } from './live.ts'
import type { Log } from './log.ts'
import type { Queue } from './queue.ts'
import type { Replica } from './replica.ts'
import { fold } from './stored-answer.ts'
import { estimatedUsage } from './usage.ts'

/** Ends the answers of servers that were lost, with the text that they had logged, and goes on with what waited there. */
export interface Recovery {
  /** Once, where no other server can be there. */
  takeOver(): Promise<void>
  start(): void
  stop(): void
}

const periodMs = 1_000
const endsAtOnce = 5

export interface RecoveryOptions {
  store: Store
  upstreams: Upstreams
  bus: Bus
  replica: Replica
  lives: LiveAnswers
  queue: Queue
  log: Log
}

export function createRecovery({ store, upstreams, bus, replica, lives, queue, log }: RecoveryOptions): Recovery {
  let timer: NodeJS.Timeout | undefined
  let isRunning = false
  let fenceFromMs = 0

  async function endOrphan(orphan: Completion) {
    // It has ended meanwhile.
    if (orphan.replicaId === null) return
    const answer = createAnswer<Completion>(orphan.id)
    fold(answer, await store.answerLog.since([{ completionId: orphan.id, sequence: 0 }]))
    answer.close()
    const choices = answer.choices()
    const messages = await store.messages.ofCompletions([orphan.id])
    const ending = endingOfStop('SERVER_LOST')
    const ended = messages.flatMap(({ id }, index) => {
      const choice = choices[index]
      return choice === undefined ? [emptyMessage(id)] : [endedMessage(id, choice, ending.status)]
    })
    const usage = await estimatedUsage(upstreams, orphan, orphan.context.promptTokens, choices)
    const completion = { ...orphan, ...ending, usage, finishedAt: new Date() }
    if (!(await store.completions.endLost(completion, orphan.replicaId, ended))) return
    store.answerLog.close(orphan.id)
    log.warn({ completionId: orphan.id, replicaId: orphan.replicaId }, 'ended an answer whose server was lost')
    bus.publish('moved', [orphan.id])
    if (orphan.conversationId !== null) bus.publish('conversation', [orphan.conversationId])
  }

  const endOrphans = async () => severalAtOnce(await store.replicas.orphans(), endOrphan)

  // Written although the database was lost before it could say so: whoever asked was told that it cannot serve.
  async function endUnknown() {
    const ids = await store.replicas.streaming(replica.id())
    const unknown = ids.filter((id) => lives.get(id) === null)
    if (unknown.length > 0) await severalAtOnce(await store.completions.load(unknown), endOrphan)
  }

  // Where the database was away, nobody could renew a lease: only those that still do not are lost.
  async function tick() {
    if (isRunning) return
    isRunning = true
    try {
      if (performance.now() >= fenceFromMs) await store.replicas.fenceExpired(replica.id())
      await endOrphans()
      await queue.takeOver()
      await endUnknown()
    } catch (error) {
      fenceFromMs = performance.now() + replica.leaseMs
      log.warn({ err: error }, 'lost answers could not be looked for; the next try follows')
    }
    isRunning = false
  }

  return {
    async takeOver() {
      await store.replicas.fenceOthers(replica.id())
      await endOrphans()
      await queue.takeOver()
    },
    start() {
      timer = setInterval(() => void tick(), periodMs)
    },
    stop: () => clearInterval(timer),
  }
}

/** Fewer than the database has connections. */
async function severalAtOnce(orphans: readonly Completion[], end: (orphan: Completion) => Promise<void>) {
  for (let from = 0; from < orphans.length; from += endsAtOnce) {
    await Promise.all(orphans.slice(from, from + endsAtOnce).map(end))
  }
}

function emptyMessage(id: string) {
  const nothing = { content: null, refusal: null, reasoning: null, toolCalls: [], finishReason: null, logprobs: null }
  return { id, ...nothing, status: 'PARTIAL' as const }
}
