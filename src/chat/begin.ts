import type { Completion } from '../store/completion.ts'
import { StoreError } from '../store/error.ts'
import type { Store } from '../store/store.ts'
import type { Canceller } from './cancel.ts'
import type { CompletionInput } from './completion-input.ts'
import { ChatError, notFound } from './error.ts'
import { inputHash } from './input-hash.ts'
import type { Limits } from './limits.ts'
import type { Live, LiveAnswers } from './live.ts'
import type { Key, Preparation, Prepare } from './preparation.ts'
import type { Relay } from './relay.ts'
import { replay } from './replay.ts'
import type { Replica } from './replica.ts'
import type { Unwatched } from './unwatched.ts'
import type { User } from './viewer.ts'

export interface Begun {
  completion: Completion
  /** An earlier request with the same key made it. */
  replayed: boolean
}

/** Begins a completion, or finds the one that the key began before. Throws ChatError. */
export type Begin = (viewer: User, input: CompletionInput, key: string | null) => Promise<Begun>

export interface BeginOptions {
  store: Store
  replica: Replica
  prepare: Prepare
  lives: LiveAnswers
  relay: Relay
  canceller: Canceller
  limits: Limits
  unwatched: Unwatched
}

/** Written, with the turn in its conversation or waiting for it; or what the key had begun before. */
type Written = 'TURN' | 'WAITING' | Completion

export function createBegin({
  store,
  replica,
  prepare,
  lives,
  relay,
  canceller,
  limits,
  unwatched,
}: BeginOptions): Begin {
  async function busyWith(conversationId: string | null): Promise<Completion | null> {
    const active = conversationId === null ? [] : await store.completions.active([conversationId])
    return active.find(({ stored }) => stored) ?? null
  }

  // The statement says only that the key or the turn is taken; which of them is asked here.
  async function write(
    viewer: User,
    input: CompletionInput,
    preparation: Preparation,
    key: Key | null,
  ): Promise<Written> {
    const { completion } = preparation
    for (;;) {
      if (await store.completions.begin(preparation, completion.stored)) return 'TURN'
      const known = key && (await replay(store, lives, viewer, key))
      if (known !== null) return known
      const busy = await busyWith(completion.conversationId)
      if (busy !== null && (await waitsBehind(input, preparation, busy))) return 'WAITING'
    }
  }

  /** False where it is worth another try. */
  async function waitsBehind(
    { ifBusy }: CompletionInput,
    preparation: Preparation,
    busy: Completion,
  ): Promise<boolean> {
    if (ifBusy === 'QUEUE') return store.completions.begin(preparation, false)
    if (ifBusy === 'INTERRUPT') {
      await canceller.cancel(busy)
      return false
    }
    const message = 'Another answer is being written in this conversation.'
    throw new ChatError({ code: 'CONVERSATION_BUSY', message, completion: busy })
  }

  async function run(
    viewer: User,
    input: CompletionInput,
    key: Key | null,
    live: Live,
    preparation: Preparation,
  ): Promise<Begun> {
    const written = await write(viewer, input, preparation, key)
    if (written !== 'TURN' && written !== 'WAITING') {
      lives.discard(live)
      await limits.returnRequest(viewer)
      return { completion: written, replayed: true }
    }
    void relay.run(live, written === 'TURN' ? preparation.context : null)
    return { completion: live.completion, replayed: false }
  }

  return async (viewer, { idempotencyKey: _key, background: _background, ...input }, givenKey) => {
    const key = givenKey === null ? null : { key: givenKey, inputHash: inputHash(input) }
    // A repetition must find its completion even where the conversation has moved on.
    const isElsewhere = Boolean(input.conversationId || input.parentId)
    const known = key && isElsewhere ? await replay(store, lives, viewer, key) : null
    if (known !== null) return { completion: known, replayed: true }
    const prepared = await prepare(viewer, input, key)
    await limits.takeRequest(viewer)
    const replicaId = replica.id()
    const preparation = { ...prepared, completion: { ...prepared.completion, replicaId } }
    // Live before it is written: who attaches by the key right after the write finds it here.
    const live = lives.add(liveOf(preparation, replicaId), unwatched.onFollowers)
    try {
      return await run(viewer, input, key, live, preparation)
    } catch (error) {
      lives.discard(live)
      throw error instanceof StoreError && error.code === 'GONE' ? notFound('conversation') : error
    }
  }
}

function liveOf(preparation: Preparation, replicaId: string) {
  const { completion, answerIds, choiceCount, parameters, prompt } = preparation
  return { completion, replicaId, messageIds: answerIds, choiceCount, parameters, prompt }
}
