import type { Store } from '../store/store.ts'
import type { Begin, Begun } from './begin.ts'
import { byteSize } from './byte-size.ts'
import type { CompletionInput } from './completion-input.ts'
import { ChatError } from './error.ts'
import { inputHash } from './input-hash.ts'
import type { Limits } from './limits.ts'
import type { LiveAnswers } from './live.ts'
import type { Key } from './preparation.ts'
import { replay } from './replay.ts'
import type { User } from './viewer.ts'

/**
 * As Begin, and counts it as a request. Whoever sends the key again, at whatever time, gets what it began, and pays nothing;
 * nor does whoever finds the conversation busy. All other refusals are paid for. Throws ChatError.
 */
export type BeginOnce = (viewer: User, input: CompletionInput, key: string | null, path: string) => Promise<Begun>

export interface BeginOnceOptions {
  store: Store
  lives: LiveAnswers
  limits: Limits
  begin: Begin
}

/** What failed by no fault of the client's costs it nothing either. */
const isFree = (error: unknown) => !(error instanceof ChatError) || error.code === 'CONVERSATION_BUSY'

function storedBytes({ messages, ...beside }: CompletionInput): number {
  return byteSize(beside) + (beside.store === false ? 0 : byteSize(messages))
}

export function createBeginOnce({ store, lives, limits, begin }: BeginOnceOptions): BeginOnce {
  const underWay = new Map<string, Promise<Begun>>()

  async function replayed(viewer: User, key: Key | null): Promise<Begun | null> {
    const completion = key && (await replay(store, lives, viewer, key))
    return completion && { completion, replayed: true }
  }

  async function beginPaid(viewer: User, input: CompletionInput, key: Key | null, path: string): Promise<Begun> {
    let giveBack = async () => {}
    try {
      giveBack = await limits.takeRequest(viewer, storedBytes(input))
      const begun = await begin(viewer, input, key, path)
      if (begun.replayed) await giveBack()
      return begun
    } catch (error) {
      // What would be refused to a new question is not refused to a repetition, which asks for nothing.
      const earlier = error instanceof ChatError ? await replayed(viewer, key) : null
      if (earlier !== null || isFree(error)) await giveBack()
      if (earlier === null) throw error
      return earlier
    }
  }

  return async (viewer, { idempotencyKey: _key, background: _background, ...input }, givenKey, path) => {
    if (givenKey === null) return beginPaid(viewer, input, null, path)
    const key = { key: givenKey, inputHash: inputHash(withDefaults(input)) }
    // Those that come at once are one request to the limit, which one of them might have used up before it is written.
    const name = `${viewer.id} ${key.inputHash} ${key.key}`
    const first = underWay.get(name)
    if (first !== undefined) return { ...(await first), replayed: true }
    const begun = beginPaid(viewer, input, key, path).finally(() => underWay.delete(name))
    underWay.set(name, begun)
    return begun
  }
}

/** Where the API has a default, absent comes as that, and null is the same as absent. */
function withDefaults({ store, ifBusy, whenUnwatched, ...input }: CompletionInput): CompletionInput {
  return { ...input, store: store ?? true, ifBusy: ifBusy ?? 'REJECT', whenUnwatched: whenUnwatched ?? 'CONTINUE' }
}
