import type { Completion } from '../store/completion.ts'
import { StoreError } from '../store/error.ts'
import type { Store } from '../store/store.ts'
import type { Bus } from '../stream/bus.ts'
import type { CompletionInput } from './completion-input.ts'
import { notFound } from './error.ts'
import { inputHash } from './input-hash.ts'
import type { Limits } from './limits.ts'
import type { Live, LiveAnswers } from './live.ts'
import type { Key, Preparation, Prepare } from './preparation.ts'
import type { Prompts } from './prompt.ts'
import type { Relay } from './relay.ts'
import { replay } from './replay.ts'
import type { Replica } from './replica.ts'
import type { Unwatched } from './unwatched.ts'
import type { User } from './viewer.ts'
import type { Write } from './write.ts'

export interface Begun {
  completion: Completion
  /** An earlier request with the same key made it. */
  replayed: boolean
}

/** Begins a completion, or finds the one that the key began before. Throws ChatError. */
export type Begin = (viewer: User, input: CompletionInput, key: string | null) => Promise<Begun>

export interface BeginOptions {
  store: Store
  bus: Bus
  replica: Replica
  prepare: Prepare
  write: Write
  lives: LiveAnswers
  relay: Relay
  limits: Limits
  unwatched: Unwatched
  prompts: Prompts
}

export function createBegin(options: BeginOptions): Begin {
  const { store, bus, replica, prepare, write, lives, relay, limits, unwatched, prompts } = options

  async function run(
    viewer: User,
    input: CompletionInput,
    key: Key | null,
    live: Live,
    preparation: Preparation,
  ): Promise<Begun | null> {
    const written = await write(viewer, input, preparation, key)
    if (written === null) {
      lives.discard(live)
      return null
    }
    if (written !== 'TURN' && written !== 'WAITING') {
      lives.discard(live)
      await limits.returnRequest(viewer)
      return { completion: written, replayed: true }
    }
    if (written === 'TURN') live.isWaiting = false
    // The lease ended meanwhile: what comes of it could not be logged.
    if (!live.isWaiting && live.replicaId !== replica.id()) lives.stop(live.answer.id, 'SERVER_LOST')
    const isKnown = written === 'TURN' && preparation.isSettled
    void relay.run(live, isKnown ? preparation.context : null)
    bus.publish('conversation', watchedBy(preparation))
    return { completion: live.completion, replayed: false }
  }

  async function tryToBegin(viewer: User, input: CompletionInput, key: Key | null, prepared: Preparation) {
    const replicaId = replica.id()
    const preparation = { ...prepared, completion: { ...prepared.completion, replicaId } }
    const { completion, answerIds: messageIds, choiceCount, parameters, isUntitled, queued } = preparation
    const prompt = () => prompts.ofQueued(completion, queued)
    const parts = { completion, replicaId, messageIds, choiceCount, parameters, isUntitled, isWaiting: true, prompt }
    // Live before it is written: who attaches by the key right after the write finds it here.
    const live = lives.add(parts, unwatched.onFollowers)
    try {
      return await run(viewer, input, key, live, preparation)
    } catch (error) {
      lives.discard(live)
      throw error instanceof StoreError && error.code === 'GONE' ? notFound('conversation') : error
    }
  }

  return async (viewer, { idempotencyKey: _key, background: _background, ...input }, givenKey) => {
    const key = givenKey === null ? null : { key: givenKey, inputHash: inputHash(input) }
    // A repetition must find its completion even where the conversation has moved on.
    const isElsewhere = Boolean(input.conversationId || input.parentId)
    const known = key && isElsewhere ? await replay(store, lives, viewer, key) : null
    if (known !== null) return { completion: known, replayed: true }
    let prepared = await prepare(viewer, input, key)
    await limits.takeRequest(viewer)
    for (;;) {
      const begun = await tryToBegin(viewer, input, key, prepared)
      if (begun !== null) return begun
      // What was written meanwhile is part of what is sent.
      prepared = await prepare(viewer, input, key)
    }
  }
}

/** Nobody watches a new conversation yet. */
function watchedBy({ completion, newConversation }: Preparation): string[] {
  return completion.conversationId === null || newConversation !== null ? [] : [completion.conversationId]
}
