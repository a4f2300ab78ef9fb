import type { Completion } from '../store/completion.ts'
import type { Store } from '../store/store.ts'
import type { Canceller } from './cancel.ts'
import type { CompletionInput } from './completion-input.ts'
import { ChatError } from './error.ts'
import type { LiveAnswers } from './live.ts'
import type { Log } from './log.ts'
import type { Key, Preparation } from './preparation.ts'
import { replay } from './replay.ts'
import type { User } from './viewer.ts'

/** Written, with the turn in its conversation or waiting for it; or what the key had begun before. */
export type Written = 'TURN' | 'WAITING' | Completion

/**
 * Writes what was prepared. null where nothing was written and it is worth another try: the leaf has moved, or the turn
 * is free by now. Throws CONVERSATION_BUSY, or as replay does.
 */
export type Write = (
  viewer: User,
  input: CompletionInput,
  preparation: Preparation,
  key: Key | null,
) => Promise<Written | null>

const longestQueue = 32

export function createWrite(store: Store, lives: LiveAnswers, canceller: Canceller, log: Log): Write {
  async function firstWaiting(conversationId: string): Promise<Completion | null> {
    return (await store.completions.active([conversationId])).find(({ stored }) => stored) ?? null
  }

  // Only what runs: those who wait were promised their turn, and what interrupts comes after them.
  function interrupt(running: Completion) {
    canceller.cancel(running).catch((error: unknown) => {
      log.warn(
        { err: error, completionId: running.id },
        'an answer could not be interrupted; what comes after it waits',
      )
    })
  }

  async function waitForTurn({ ifBusy }: CompletionInput, preparation: Preparation, conversationId: string) {
    const running = await store.queue.running(conversationId)
    const busy = running ?? (await firstWaiting(conversationId))
    if (busy === null) return null
    if (ifBusy !== 'QUEUE' && ifBusy !== 'INTERRUPT') {
      const message = 'Another answer is being written in this conversation.'
      throw new ChatError({ code: 'CONVERSATION_BUSY', message, completion: busy })
    }
    if ((await store.queue.length(conversationId)) >= longestQueue) {
      const message = `${longestQueue} questions wait in this conversation already, and no more may.`
      throw new ChatError({ code: 'CONVERSATION_BUSY', message, completion: busy })
    }
    const wait = { request: JSON.stringify(preparation.queued), longestQueue }
    if (!(await store.completions.begin(preparation, wait))) return null
    if (ifBusy === 'INTERRUPT' && running !== null) interrupt(running)
    return 'WAITING'
  }

  return async (viewer, input, preparation, key) => {
    if (await store.completions.begin(preparation, null)) return 'TURN'
    // The statement does not say why it wrote nothing.
    const known = key && (await replay(store, lives, viewer, key))
    if (known !== null) return known
    const { conversationId, stored } = preparation.completion
    return conversationId === null || !stored ? null : waitForTurn(input, preparation, conversationId)
  }
}
