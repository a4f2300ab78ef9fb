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

/**
 * Finds the completion that was started with the request's idempotency key; null if the key is new. Throws
 * IDEMPOTENCY_CONFLICT, or NOT_FOUND if the completion was deleted.
 */
export type FindStarted = (request: StartRequest) => Promise<Completion | null>

export function createFindStarted({ completions }: Store, activeCompletions: ActiveCompletions): FindStarted {
  return async ({ viewer, key }) => {
    const found = key && (await completions.byKey(viewer.id, key.key))
    if (found === null) return null
    const { completion, isDeleted } = found
    if (completion.inputHash !== key?.inputHash) {
      throw new ChatError({
        code: 'IDEMPOTENCY_CONFLICT',
        message: 'This idempotency key was already used with a different input.',
      })
    }
    const [visible] = isDeleted ? [] : await completions.find(viewer.id, [completion.id])
    if (visible === undefined) throw notFound('completion: the one that this key started was deleted')
    return activeCompletions.get(completion.id)?.completion ?? completion
  }
}

/**
 * Starts a completion once per idempotency key, and counts it as one request of the viewer. A client that repeats the key gets
 * the completion that the first request started, and the repetition is not counted. CONVERSATION_BUSY is not counted either;
 * all other refusals are. Throws ChatError.
 */
export type StartOnce = (viewer: User, input: CompletionInput, key: string | null, path: string) => Promise<Started>

export interface StartOnceOptions {
  limits: Limits
  findStarted: FindStarted
  start: Start
}

/** A failure that is not the client's fault is not counted as a request. */
const isFree = (error: unknown) => !(error instanceof ChatError) || error.code === 'CONVERSATION_BUSY'

function storedBytes({ messages, ...options }: CompletionInput): number {
  return byteSize(options) + (options.store === false ? 0 : byteSize(messages))
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
      // A repetition starts nothing, so a reason to refuse a new question does not refuse it.
      const earlier = error instanceof ChatError ? await startedBefore(request) : null
      if (earlier !== null || isFree(error)) await giveBack()
      if (earlier === null) throw error
      return earlier
    }
  }

  return async (viewer, { idempotencyKey: _key, background: _background, ...input }, clientKey, path) => {
    if (clientKey === null) return startPaid({ viewer, input, key: null, path })
    const key = { key: clientKey, inputHash: inputHash(withDefaults(input)) }
    // Repetitions that arrive at the same time share one request. If each were counted, they could use up the limit before the
    // first one is stored.
    const name = `${viewer.id} ${key.inputHash} ${key.key}`
    const first = underWay.get(name)
    if (first !== undefined) return { ...(await first), replayed: true }
    const started = startPaid({ viewer, input, key, path }).finally(() => underWay.delete(name))
    underWay.set(name, started)
    return started
  }
}

/** Fills in the defaults of the API, so that an absent field, null and the default give the same hash. */
function withDefaults({ store, ifBusy, whenUnwatched, ...input }: CompletionInput): CompletionInput {
  return { ...input, store: store ?? true, ifBusy: ifBusy ?? 'REJECT', whenUnwatched: whenUnwatched ?? 'CONTINUE' }
}
