import type { Bus } from '../../bus/bus.ts'
import { StoreError } from '../../database/error.ts'
import { notFound } from '../access/error.ts'
import type { ActiveCompletion, ActiveCompletions } from '../answer/active-completion.ts'
import type { Replica } from '../answer/replica.ts'
import type { Prompts } from '../prompt/prompt.ts'
import type { AbandonPolicy } from './abandon-policy.ts'
import type { Insert } from './insert.ts'
import type { Preparation, Prepare } from './preparation.ts'
import type { Start, Started, StartRequest } from './start-request.ts'
import type { TurnQueue } from './turn-queue.ts'

export interface StartOptions {
  bus: Bus
  replica: Replica
  prepare: Prepare
  insert: Insert
  activeCompletions: ActiveCompletions
  turnQueue: TurnQueue
  abandonPolicy: AbandonPolicy
  prompts: Prompts
}

export function createStart(options: StartOptions): Start {
  const { bus, replica, prepare, insert, activeCompletions, turnQueue, abandonPolicy, prompts } = options

  /** Inserts the completion and relays its answer. Resolves with null if the insert has to be tried again. */
  async function run(request: StartRequest, active: ActiveCompletion, preparation: Preparation) {
    const inserted = await insert(request, preparation)
    if (inserted === null) {
      activeCompletions.discard(active)
      return null
    }
    if (inserted !== 'TURN' && inserted !== 'WAITING') {
      activeCompletions.discard(active)
      return { completion: inserted, replayed: true }
    }
    if (inserted === 'TURN') active.isWaiting = false
    // The lease under which the completion was inserted has ended, so its answer could not be logged.
    if (!active.isWaiting && active.replicaId !== replica.id()) activeCompletions.stop(active.answer.id, 'SERVER_LOST')
    const { completion, context, queued, isSettled } = preparation
    // If an answer in the context is still being written, the context is read again when this completion has its turn.
    const isKnown = inserted === 'TURN' && isSettled
    abandonPolicy.onFollowers(active, active.answer.followers())
    void turnQueue.run(active, isKnown ? async () => context : () => prompts.ofQueued(completion, queued))
    bus.publish('conversation', completion.conversationId === null ? [] : [completion.conversationId])
    return { completion: active.completion, replayed: false }
  }

  async function tryToStart(request: StartRequest): Promise<Started | null> {
    const prepared = await prepare(request)
    const replicaId = replica.id()
    const preparation = { ...prepared, completion: { ...prepared.completion, replicaId } }
    const { completion, answerIds: messageIds, choiceCount, parameters, isUntitled } = preparation
    const isLeftAtOnce = request.input.whenUnwatched === 'CANCEL_AT_ONCE'
    const shape = { completion, replicaId, messageIds, choiceCount, parameters }
    const parts = { ...shape, isUntitled, isLeftAtOnce, isWaiting: true }
    // After the queue is closed, the shutdown no longer waits for new completions, and the lease for their log ends soon.
    if (turnQueue.isClosed()) throw new StoreError('UNAVAILABLE', 'this server is shutting down')
    // Added before it is inserted, so that a client that repeats the key right after the insert finds the active completion.
    const active = activeCompletions.add(parts, abandonPolicy.onFollowers)
    try {
      return await run(request, active, preparation)
    } catch (error) {
      activeCompletions.discard(active)
      throw error instanceof StoreError && error.code === 'GONE' ? notFound('conversation') : error
    }
  }

  return async (request) => {
    for (;;) {
      // Prepared again for each attempt, because messages that were written meanwhile are part of the context.
      const started = await tryToStart(request)
      if (started !== null) return started
    }
  }
}
