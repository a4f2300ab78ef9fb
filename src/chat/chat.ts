import type { Store } from '../store/store.ts'
import type { Bus } from '../stream/bus.ts'
import type { Upstreams } from '../upstream/upstream.ts'
import { createAccess } from './access.ts'
import { createAnnouncer } from './announcer.ts'
import { createAnswerLog } from './answer-log.ts'
import { createAnswers } from './answers.ts'
import { type ApiKeys, createApiKeys, type MintKey } from './api-key.ts'
import { createBegin } from './begin.ts'
import { createOneBigAtATime } from './big-input.ts'
import { type Branches, createBranches } from './branch.ts'
import { createCanceller } from './cancel.ts'
import { type Completions, createCompletions } from './completion.ts'
import { createConclude } from './conclusion.ts'
import { createPreviewContext, type PreviewContext } from './context-preview.ts'
import { type Conversations, createConversations } from './conversation.ts'
import { type ConversationEvents, createConversationEvents } from './conversation-event.ts'
import { createDrain } from './drain.ts'
import { createEventReader } from './event-reader.ts'
import { createInvitations, type Invitations } from './invitation.ts'
import { createLimits, type Limits } from './limits.ts'
import { createLiveAnswers } from './live.ts'
import { createLiveText } from './live-text.ts'
import type { Log } from './log.ts'
import { createMessages, type Messages } from './message.ts'
import { meteredWrites } from './metered-writes.ts'
import { createMirrors } from './mirror.ts'
import { createModels, type Models } from './model.ts'
import { createEndOrphan } from './orphan.ts'
import { createParticipants, type Participants } from './participant.ts'
import { createPrepare } from './preparation.ts'
import { createPrompts } from './prompt.ts'
import { createPruning } from './pruning.ts'
import { createQueue } from './queue.ts'
import { createRecovery } from './recovery.ts'
import { createRejoin } from './rejoin.ts'
import { createRelay } from './relay.ts'
import { createBeginOnce } from './repetition.ts'
import { createReplica } from './replica.ts'
import { createTitles } from './title.ts'
import { createTokenCounter } from './token-counter.ts'
import { createTurns } from './turn.ts'
import { createUnwatched } from './unwatched.ts'
import { createUsages } from './usage.ts'
import { createViewers, type Viewers } from './viewer.ts'
import { createWrite } from './write.ts'

/** What a person can ask of the service. */
export interface Chat {
  viewers: Viewers
  apiKeys: ApiKeys
  conversations: Conversations
  participants: Participants
  conversationEvents: ConversationEvents
  invitations: Invitations
  branches: Branches
  messages: Messages
  completions: Completions
  previewContext: PreviewContext
  models: Models
  limits: Limits
}

export interface ChatServer extends Chat {
  /** When the database can serve: takes up the lease and, where this is the only process, ends what the last one left. */
  start(): Promise<void>
  /**
   * Leaves what waits for its turn to others, lets live answers finish until the deadline, ends the rest as INTERRUPTED,
   * and gives the lease back.
   */
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
  titleModel: string | null
  flushMs: number
  leaseMs: number
  retentionMs: number
  requestsPerMinute: number
  streamsPerUser: number
}

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
  const titles = createTitles({ store, upstreams, bus, log, titleModel: options.titleModel })
  const tokens = createTokenCounter()
  const usages = createUsages(upstreams, tokens)
  const conclude = createConclude({ store, usages, bus, lives, answerLog, titles, log })
  const turns = createTurns(store, bus, replica, log)
  const relay = createRelay({ upstreams, answerLog, lives, mirrors, turns, conclude, log })
  const prompts = createPrompts({ store, upstreams, tokens, withLiveText })
  const oneBigAtATime = createOneBigAtATime()
  const prepare = oneBigAtATime(createPrepare({ store, upstreams, prompts, defaultModel }))
  const unwatched = createUnwatched(store, lives, log)
  const queue = createQueue({ store, replica, lives, turns, relay, prompts, unwatched, log })
  const write = oneBigAtATime(createWrite(store, lives, canceller, log))
  const begin = createBegin({ bus, replica, prepare, write, lives, turns, relay, unwatched, prompts })
  const beginOnce = createBeginOnce({ store, lives, limits, begin })
  const endOrphan = createEndOrphan({ store, usages, bus, log })
  const recovery = createRecovery({ store, endOrphan, replica, lives, queue, log })
  const pruning = createPruning(store, retentionMs, log)
  const cancel = async (id: string, signal?: AbortSignal) => {
    const [completion] = await store.completions.load([id])
    if (completion !== undefined) await canceller.cancel(completion, signal)
  }

  const conversations = createConversations(store, bus, cancel)
  const messages = createMessages(store, bus, withLiveText, cancel)
  const completions = createCompletions({ store, lives, answers, access, beginOnce, canceller, limits, withLiveText })
  const reader = createEventReader(store, bus, log)
  const workers = [titles, pruning, recovery, access, canceller, reader, mirrors, answerLog, announcer, tokens]

  function abandon() {
    // What waits hears at its next try that another server may have it.
    for (const live of lives.running().filter(({ isWaiting }) => !isWaiting)) {
      lives.stop(live.answer.id, 'SERVER_LOST')
      answerLog.drop(live.answer)
    }
  }

  return {
    viewers: createViewers(store),
    apiKeys: meteredWrites(limits, createApiKeys(store, bus, options.mintKey), 'create', 'revoke'),
    conversations: meteredWrites(limits, conversations, 'create', 'update', 'remove'),
    conversationEvents: createConversationEvents({ store, reader, conversations, messages, completions, limits }),
    participants: meteredWrites(limits, createParticipants(store, bus, access), 'add', 'setRole', 'remove'),
    invitations: meteredWrites(limits, createInvitations(store, bus), 'create', 'accept'),
    branches: meteredWrites(limits, createBranches(store), 'select', 'markRead'),
    messages: meteredWrites(limits, messages, 'create', 'remove'),
    completions,
    previewContext: createPreviewContext(prepare, limits),
    models: createModels(upstreams),
    limits,
    async start() {
      await replica.join()
      if (isAlone) await recovery.takeOver()
      else recovery.start()
      for (const worker of [answerLog, mirrors, reader, canceller, access, pruning]) worker.start()
    },
    drain: createDrain({ queue, lives, replica, log, workers }),
  }
}
