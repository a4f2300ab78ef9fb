import type { Completion } from '../../store/completion.ts'
import type { Store } from '../../store/store.ts'
import { ChatError } from '../access/error.ts'
import type { Log } from '../access/log.ts'
import type { Canceller } from '../answer/cancel.ts'
import type { FindStarted } from './idempotency.ts'
import type { Preparation } from './preparation.ts'
import type { StartRequest } from './start-request.ts'

/**
 * TURN: the completion was inserted and has the turn in its conversation. WAITING: it was inserted and waits for the turn.
 * Otherwise it is the completion that the key started before.
 */
export type Inserted = 'TURN' | 'WAITING' | Completion

/**
 * Inserts a prepared question with its completion. Resolves with null if nothing was inserted and another attempt makes sense,
 * because the leaf has moved or the turn has become free. Throws CONVERSATION_BUSY, and the errors of FindStarted.
 */
export type Insert = (request: StartRequest, preparation: Preparation) => Promise<Inserted | null>

const maxQueueLength = 32

export function createInsert(store: Store, findStarted: FindStarted, canceller: Canceller, log: Log): Insert {
  async function firstWaiting(conversationId: string): Promise<Completion | null> {
    return (await store.completions.active([conversationId])).find(({ stored }) => stored) ?? null
  }

  // Cancels only the running completion. Questions that already wait were promised their turn, and the new one comes after
  // them.
  function interrupt(running: Completion) {
    canceller.cancel(running).catch((error: unknown) => {
      log.warn(
        { err: error, completionId: running.id },
        'an answer could not be interrupted; the new question waits for its end',
      )
    })
  }

  async function waitForTurn({ input: { ifBusy } }: StartRequest, preparation: Preparation, conversationId: string) {
    const running = await store.queue.running(conversationId)
    const busy = running ?? (await firstWaiting(conversationId))
    if (busy === null) return null
    if (ifBusy !== 'QUEUE' && ifBusy !== 'INTERRUPT') {
      const message = 'Another answer is being written in this conversation.'
      throw new ChatError({ code: 'CONVERSATION_BUSY', message, completion: busy })
    }
    if ((await store.queue.length(conversationId)) >= maxQueueLength) {
      const message = `${maxQueueLength} questions already wait in this conversation, which is the maximum.`
      throw new ChatError({ code: 'CONVERSATION_BUSY', message, completion: busy })
    }
    const wait = { request: JSON.stringify(preparation.queued), maxQueueLength }
    if (!(await store.completions.insert(preparation, wait))) return null
    if (ifBusy === 'INTERRUPT' && running !== null) interrupt(running)
    return 'WAITING'
  }

  return async (request, preparation) => {
    if (await store.completions.insert(preparation, null)) return 'TURN'
    // The statement does not say why it inserted nothing.
    const earlier = await findStarted(request)
    if (earlier !== null) return earlier
    const { conversationId, stored } = preparation.completion
    return conversationId === null || !stored ? null : waitForTurn(request, preparation, conversationId)
  }
}
