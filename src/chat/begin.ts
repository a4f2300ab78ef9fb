import type { Completion } from '../store/completion.ts'
import { StoreError } from '../store/error.ts'
import type { Bus } from '../stream/bus.ts'
import type { CompletionInput } from './completion-input.ts'
import { notFound } from './error.ts'
import type { Live, LiveAnswers } from './live.ts'
import type { Key, Preparation, Prepare } from './preparation.ts'
import type { Prompts } from './prompt.ts'
import type { Relay } from './relay.ts'
import type { Replica } from './replica.ts'
import type { Turns } from './turn.ts'
import type { Unwatched } from './unwatched.ts'
import type { User } from './viewer.ts'
import type { Write } from './write.ts'

export interface Begun {
  completion: Completion
  /** An earlier request with the same key made it. */
  replayed: boolean
}

/**
 * Begins a completion, or finds the one that the key began before. `path` is where the input stands in the client's
 * document. Throws ChatError; nothing was done then.
 */
export type Begin = (viewer: User, input: CompletionInput, key: Key | null, path: string) => Promise<Begun>

export interface BeginOptions {
  bus: Bus
  replica: Replica
  prepare: Prepare
  write: Write
  lives: LiveAnswers
  turns: Turns
  relay: Relay
  unwatched: Unwatched
  prompts: Prompts
}

export function createBegin(options: BeginOptions): Begin {
  const { bus, replica, prepare, write, lives, turns, relay, unwatched, prompts } = options

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
      return { completion: written, replayed: true }
    }
    if (written === 'TURN') live.isWaiting = false
    // The lease ended meanwhile: what comes of it could not be logged.
    if (!live.isWaiting && live.replicaId !== replica.id()) lives.stop(live.answer.id, 'SERVER_LOST')
    const isKnown = written === 'TURN' && preparation.isSettled
    unwatched.onFollowers(live, live.answer.followers())
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
    // From then on nobody waits for what is added here, and the lease under which it would be written goes.
    if (turns.areLeft()) throw new StoreError('UNAVAILABLE', 'this server is going away')
    // Live before it is written: who attaches by the key right after the write finds it here.
    const live = lives.add(parts, unwatched.onFollowers)
    try {
      return await run(viewer, input, key, live, preparation)
    } catch (error) {
      lives.discard(live)
      throw error instanceof StoreError && error.code === 'GONE' ? notFound('conversation') : error
    }
  }

  return async (viewer, input, key, path) => {
    for (;;) {
      // Anew each time: what was written meanwhile is part of what is sent.
      const prepared = await prepare(viewer, input, key, path)
      const begun = await tryToBegin(viewer, input, key, prepared)
      if (begun !== null) return begun
    }
  }
}

/** Nobody watches a new conversation yet. */
function watchedBy({ completion, newConversation }: Preparation): string[] {
  return completion.conversationId === null || newConversation !== null ? [] : [completion.conversationId]
}
