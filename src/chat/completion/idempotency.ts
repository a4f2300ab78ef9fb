import type { Completion } from '../../store/completion.ts'
import type { Store } from '../../store/store.ts'
import { byteSize } from '../access/byte-size.ts'
import { ChatError, notFound } from '../access/error.ts'
import { inputHash } from '../access/idempotency-key.ts'
import type { Limits } from '../access/limits.ts'
import type { User } from '../access/viewer.ts'
import type { ActiveCompletions } from '../answer/active-completion.ts'
import type { CompletionInput } from '../prompt/completion-input.ts'
import type { Start, Started, StartRequest } from './start-request.ts'

/** Finds the completion that the request's key started before; null where the key is new. Throws IDEMPOTENCY_CONFLICT, or NOT_FOUND for what was deleted. */
export type FindStarted = (request: StartRequest) => Promise<Completion | null>

export function createFindStarted({ completions }: Store, activeCompletions: ActiveCompletions): FindStarted {
  return async ({ viewer, key }) => {
    const known = key && (await completions.byKey(viewer.id, key.key))
    if (known === null) return null
    const { completion, isDeleted } = known
    if (completion.inputHash !== key?.inputHash) {
      throw new ChatError({
        code: 'IDEMPOTENCY_CONFLICT',
        message: 'This idempotency key was used with another input.',
      })
    }
    const [visible] = isDeleted ? [] : await completions.find(viewer.id, [completion.id])
    if (visible === undefined) throw notFound('completion: what this key began was deleted')
    return activeCompletions.get(completion.id)?.completion ?? completion
  }
}

/**
 * Starts a completion once per key, and counts it as a request. A client that sends the key again, at whatever time, gets the
 * completion that it started, and pays nothing; nor does a client that finds the conversation busy. All other refusals are
 * paid for. Throws ChatError.
 */
export type StartOnce = (viewer: User, input: CompletionInput, key: string | null, path: string) => Promise<Started>

export interface StartOnceOptions {
  limits: Limits
  findStarted: FindStarted
  start: Start
}

/** A failure that is not the client's fault costs the client nothing either. */
const isFree = (error: unknown) => !(error instanceof ChatError) || error.code === 'CONVERSATION_BUSY'

function storedBytes({ messages, ...beside }: CompletionInput): number {
  return byteSize(beside) + (beside.store === false ? 0 : byteSize(messages))
}

export function createStartOnce({ limits, findStarted, start }: StartOnceOptions): StartOnce {
  const underWay = new Map<string, Promise<Started>>()

  async function startedBefore(request: StartRequest): Promise<Started | null> {
    const completion = await findStarted(request)
    return completion && { completion, replayed: true }
  }

  async function startPaid(request: StartRequest): Promise<Started> {
    let giveBack = async () => {}
    try {
      giveBack = await limits.takeRequest(request.viewer, storedBytes(request.input))
      const started = await start(request)
      if (started.replayed) await giveBack()
      return started
    } catch (error) {
      // A repetition asks for nothing, so it is not refused for a reason that would refuse a new question.
      const earlier = error instanceof ChatError ? await startedBefore(request) : null
      if (earlier !== null || isFree(error)) await giveBack()
      if (earlier === null) throw error
      return earlier
    }
  }

  return async (viewer, { idempotencyKey: _key, background: _background, ...input }, givenKey, path) => {
    if (givenKey === null) return startPaid({ viewer, input, key: null, path })
    const key = { key: givenKey, inputHash: inputHash(withDefaults(input)) }
    // Repetitions that come at once count as one request: one of them might use up the limit before the first is stored.
    const name = `${viewer.id} ${key.inputHash} ${key.key}`
    const first = underWay.get(name)
    if (first !== undefined) return { ...(await first), replayed: true }
    const started = startPaid({ viewer, input, key, path }).finally(() => underWay.delete(name))
    underWay.set(name, started)
    return started
  }
}

/** Where the API has a default, an absent field gets it; null is the same as absent. */
function withDefaults({ store, ifBusy, whenUnwatched, ...input }: CompletionInput): CompletionInput {
  return { ...input, store: store ?? true, ifBusy: ifBusy ?? 'REJECT', whenUnwatched: whenUnwatched ?? 'CONTINUE' }
}
