import type { Bus } from '../../bus/bus.ts'
import type { Completion } from '../../store/completion.ts'
import type { QueuedCompletion } from '../../store/queue.ts'
import type { Store } from '../../store/store.ts'
import type { Log } from '../access/log.ts'
import type { ActiveCompletion, ActiveCompletions } from '../answer/active-completion.ts'
import type { RemoteAnswers } from '../answer/remote-answer.ts'
import type { Replica } from '../answer/replica.ts'
import type { Prompts, QueuedRequest } from '../prompt/prompt.ts'
import type { AbandonPolicy } from './abandon-policy.ts'
import type { ReadContext, Relay } from './relay.ts'
import { createTurns } from './turn.ts'

/**
 * Relays one answer at a time in each conversation, while the other questions wait for their turn. A waiting question was never
 * sent upstream, so another replica can take it over when the replica at which it waits stops or is lost.
 */
export interface TurnQueue {
  /**
   * Waits for the turn, then relays the answer. If another replica takes the question over, the viewers here follow its remote
   * answer. Never rejects.
   */
  run(active: ActiveCompletion, readContext: ReadContext): Promise<void>
  /** Takes over the questions that waited at replicas that are lost or have stopped. */
  takeOver(): Promise<void>
  /** Releases all questions that wait here to other replicas, and takes over none from then on. */
  handOver(): Promise<void>
  isClosed(): boolean
}

export interface TurnQueueOptions {
  store: Store
  bus: Bus
  replica: Replica
  activeCompletions: ActiveCompletions
  remoteAnswers: RemoteAnswers
  relay: Relay
  prompts: Prompts
  abandonPolicy: AbandonPolicy
  log: Log
}

// A seed that is not a safe integer is stored as text.
function sentParameters({ parameters }: QueuedRequest): Record<string, unknown> {
  const { seed } = parameters
  return typeof seed === 'string' ? { ...parameters, seed: BigInt(seed) } : parameters
}

export function createTurnQueue(options: TurnQueueOptions): TurnQueue {
  const { store, bus, replica, activeCompletions, remoteAnswers, relay, prompts, abandonPolicy, log } = options
  const turns = createTurns(store, bus, replica, log)

  async function run(active: ActiveCompletion, readContext: ReadContext) {
    if (active.isWaiting && !(await turns.acquire(active))) {
      activeCompletions.discard(active)
      remoteAnswers.follow(active.answer)
      return
    }
    await relay.run(active, readContext)
  }

  function resume(completion: Completion, request: QueuedRequest, messageIds: readonly string[]) {
    const parts = {
      completion,
      replicaId: completion.replicaId ?? '',
      messageIds,
      choiceCount: messageIds.length,
      parameters: sentParameters(request),
      isUntitled: true,
      isLeftAtOnce: false,
      isWaiting: true,
    }
    const active = activeCompletions.add(parts, abandonPolicy.onFollowers)
    // Its viewers were connected to another replica and have to reconnect.
    abandonPolicy.onFollowers(active, 0)
    log.warn({ completionId: completion.id }, 'took over a question that waited for its turn at another server')
    void run(active, () => prompts.ofQueued(completion, request))
  }

  async function resumeAll(queued: readonly QueuedCompletion[]) {
    const messages = await store.messages.ofCompletions(queued.map(({ completion }) => completion.id))
    for (const { completion, request } of queued) {
      const own = messages.filter(({ completionId }) => completionId === completion.id)
      const messageIds = own.map(({ id }) => id)
      // A question that began to wait under an earlier lease of this replica may still wait here: it is not added a second
      // time.
      if (activeCompletions.get(completion.id) === null) resume(completion, JSON.parse(request), messageIds)
    }
  }

  return {
    run,
    async takeOver() {
      if (turns.areClosed()) return
      const activeIds = activeCompletions.running().map(({ answer }) => answer.id)
      const queued = await store.queue.claim(replica.id(), activeIds)
      if (queued.length > 0) await resumeAll(queued)
    },
    async handOver() {
      turns.close()
      try {
        await store.queue.release(replica.id())
      } catch (error) {
        log.warn(
          { err: error },
          'the waiting questions could not be released; other servers take them over when the lease ends',
        )
      }
    },
    isClosed: turns.areClosed,
  }
}
