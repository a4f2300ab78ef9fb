import { setTimeout as delay } from 'node:timers/promises'
import type { Store } from '../store/store.ts'
import type { Bus } from '../stream/bus.ts'
import type { Upstreams } from '../upstream/upstream.ts'
import { createAccess } from './access.ts'
import { createAnnouncer } from './announcer.ts'
import { createAnswerLog } from './answer-log.ts'
import { createAnswers } from './answers.ts'
import { type ApiKeys, createApiKeys, type MintKey } from './api-key.ts'
import { createBegin } from './begin.ts'
import { createCanceller } from './cancel.ts'
import { type Completions, createCompletions } from './completion.ts'
import { createConclude } from './conclusion.ts'
import { type Conversations, createConversations } from './conversation.ts'
import { createLimits, type Limits } from './limits.ts'
import { createLiveAnswers } from './live.ts'
import { createLiveText } from './live-text.ts'
import type { Log } from './log.ts'
import { createMessages, type Messages } from './message.ts'
import { createMirrors } from './mirror.ts'
import { createModels, type Models } from './model.ts'
import { createParticipants, type Participants } from './participant.ts'
import { createPrepare } from './preparation.ts'
import { createPruning } from './pruning.ts'
import { createRecovery } from './recovery.ts'
import { createRejoin } from './rejoin.ts'
import { createRelay } from './relay.ts'
import { createReplica } from './replica.ts'
import { createTurns } from './turn.ts'
import { createUnwatched } from './unwatched.ts'
import { createViewers, type Viewers } from './viewer.ts'

/** What a person can ask of the service. */
export interface Chat {
  viewers: Viewers
  apiKeys: ApiKeys
  conversations: Conversations
  participants: Participants
  messages: Messages
  completions: Completions
  models: Models
  limits: Limits
}

export interface ChatServer extends Chat {
  /** When the database can serve: takes up the lease and, where this is the only process, ends what the last one left. */
  start(): Promise<void>
  /** Lets live answers finish until the deadline, ends the rest as INTERRUPTED, and gives the lease back. */
  drain(deadlineMs: number): Promise<void>
}

export interface ChatOptions {
  store: Store
  upstreams: Upstreams
  bus: Bus
  log: Log
  mintKey: MintKey
  /** No other process can be at the same database. */
  isAlone: boolean
  defaultModel: string | null
  flushMs: number
  leaseMs: number
  retentionMs: number
  requestsPerMinute: number
  streamsPerUser: number
}

/** For storing what the deadline ended. */
const endingMs = 3_000

export function createChat(options: ChatOptions): ChatServer {
  const { store, upstreams, bus, log, isAlone, defaultModel, flushMs, leaseMs, retentionMs } = options
  const replica = createReplica(store, leaseMs)
  const lives = createLiveAnswers()
  const mirrors = createMirrors(store, bus, log)
  const answers = createAnswers(store, lives, mirrors)
  const withLiveText = createLiveText(store, lives)
  const access = createAccess(store, bus, log)
  const limits = createLimits(options)
  const canceller = createCanceller(store, bus, replica, lives, answers, log)
  const announcer = createAnnouncer(bus, flushMs)
  const onFenced = createRejoin(replica, abandon, log)
  const answerLog = createAnswerLog({ store, announcer, replica, log, flushMs, onFenced })
  const conclude = createConclude({ store, upstreams, bus, lives, answerLog, log })
  const relay = createRelay({ upstreams, answerLog, turns: createTurns(store, bus, log), conclude, log })
  const prepare = createPrepare({ store, upstreams, withLiveText, defaultModel })
  const unwatched = createUnwatched(store, log)
  const begin = createBegin({ store, replica, prepare, lives, relay, canceller, limits, unwatched })
  const recovery = createRecovery({ store, bus, replica, lives, log })
  const pruning = createPruning(store, retentionMs, log)
  const cancel = async (id: string) => {
    const [completion] = await store.completions.load([id])
    if (completion !== undefined) await canceller.cancel(completion)
  }

  function abandon() {
    for (const live of lives.running()) {
      lives.stop(live.answer.id, 'SERVER_LOST')
      answerLog.drop(live.answer)
    }
  }

  return {
    viewers: createViewers(store),
    apiKeys: createApiKeys(store, bus, options.mintKey),
    conversations: createConversations(store, cancel),
    participants: createParticipants(store, bus, access),
    messages: createMessages(store, withLiveText),
    completions: createCompletions({ store, lives, answers, access, begin, canceller, limits, withLiveText }),
    models: createModels(upstreams),
    limits,
    async start() {
      await replica.join()
      if (isAlone) await recovery.takeOver()
      else recovery.start()
      for (const worker of [answerLog, mirrors, canceller, access, pruning]) worker.start()
    },
    async drain(deadlineMs) {
      const timer = setTimeout(() => {
        for (const live of lives.running()) lives.stop(live.answer.id, 'SERVER_DRAINED')
      }, deadlineMs)
      // Where the database is away, endings cannot be stored: the next server gives them one.
      await Promise.race([lives.settled(), delay(deadlineMs + endingMs, undefined, { ref: false })])
      clearTimeout(timer)
      for (const worker of [pruning, recovery, access, canceller, mirrors]) worker.stop()
      await answerLog.stop()
      announcer.stop()
      await replica.leave().catch((error: unknown) => log.warn({ err: error }, 'the lease could not be given back'))
    },
  }
}
