import type { Completion } from '../store/completion.ts'
import type { Queued } from '../store/queue.ts'
import type { Store } from '../store/store.ts'
import type { LiveAnswers } from './live.ts'
import type { Log } from './log.ts'
import type { Prompts, QueuedRequest } from './prompt.ts'
import type { Relay } from './relay.ts'
import type { Replica } from './replica.ts'
import type { Turns } from './turn.ts'
import type { Unwatched } from './unwatched.ts'

/** What waits for its turn outlives the server that it waits at: it was never sent, so another can send it. */
export interface Queue {
  /** Goes on with what waited at servers that are lost or have left. */
  takeOver(): Promise<void>
  /** Leaves what waits here to others, and takes over no more. */
  handOver(): Promise<void>
}

export interface QueueOptions {
  store: Store
  replica: Replica
  lives: LiveAnswers
  turns: Turns
  relay: Relay
  prompts: Prompts
  unwatched: Unwatched
  log: Log
}

// The store keeps a seed that is no safe integer as text.
function sentParameters({ parameters }: QueuedRequest): Record<string, unknown> {
  const { seed } = parameters
  return typeof seed === 'string' ? { ...parameters, seed: BigInt(seed) } : parameters
}

export function createQueue(options: QueueOptions): Queue {
  const { store, replica, lives, turns, relay, prompts, unwatched, log } = options

  function goOn(completion: Completion, request: QueuedRequest, messageIds: readonly string[]) {
    const live = lives.add(
      {
        completion,
        replicaId: completion.replicaId ?? '',
        messageIds,
        choiceCount: messageIds.length,
        parameters: sentParameters(request),
        isUntitled: true,
        isWaiting: true,
        prompt: () => prompts.ofQueued(completion, request),
      },
      unwatched.onFollowers,
    )
    // Its viewers were at another server, and have to come back.
    unwatched.onFollowers(live, 0)
    log.warn({ completionId: completion.id }, 'took over a question that waited for its turn at another server')
    void relay.run(live, null)
  }

  async function goOnWith(queued: readonly Queued[]) {
    const messages = await store.messages.ofCompletions(queued.map(({ completion }) => completion.id))
    for (const { completion, request } of queued) {
      const own = messages.filter(({ completionId }) => completionId === completion.id)
      const messageIds = own.map(({ id }) => id)
      // One that had a lease of this server's before the last waits here, until it hears that this is over.
      if (lives.get(completion.id) === null) goOn(completion, JSON.parse(request) as QueuedRequest, messageIds)
    }
  }

  return {
    async takeOver() {
      if (turns.areLeft()) return
      const here = lives.running().map(({ answer }) => answer.id)
      const queued = await store.queue.claim(replica.id(), here)
      if (queued.length > 0) await goOnWith(queued)
    },
    async handOver() {
      turns.leave()
      try {
        await store.queue.release(replica.id())
      } catch (error) {
        log.warn({ err: error }, 'what waits here could not be handed over yet; others take it when the lease is over')
      }
    },
  }
}
