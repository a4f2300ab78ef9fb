import { setTimeout as delay } from 'node:timers/promises'
import type { Bus } from '../bus/bus.ts'
import type { Store } from '../store/store.ts'
import type { Upstreams } from '../upstream/upstream.ts'
import { type AccessModule, createAccessModule } from './access/access-module.ts'
import type { MintKey } from './access/api-key.ts'
import type { Log } from './access/log.ts'
import { createAnswerModule } from './answer/answer-module.ts'
import { type CompletionModule, createCompletionModule } from './completion/completion-module.ts'
import { type ConversationModule, createConversationModule } from './conversation/conversation-module.ts'
import { createPromptModule, type PromptModule } from './prompt/prompt-module.ts'

type Lifecycle = 'start' | 'drain' | 'stop'

/** The operations of the service, for signed-in viewers. */
export interface Chat
  extends Pick<AccessModule, 'viewers' | 'apiKeys' | 'limits'>,
    Omit<ConversationModule, Lifecycle>,
    Omit<CompletionModule, Lifecycle>,
    Pick<PromptModule, 'models'> {}

export interface ChatServer extends Chat {
  /**
   * Call it when the database can serve. It acquires the lease and, if this is the only process of the database, ends the
   * answers that an earlier process left unfinished.
   */
  start(): Promise<void>
  /**
   * Releases the waiting questions to other replicas, lets active completions finish until the deadline, ends those that have
   * not finished as INTERRUPTED, and gives the lease back.
   */
  drain(deadlineMs: number): Promise<void>
}

export interface ChatOptions {
  store: Store
  upstreams: Upstreams
  bus: Bus
  log: Log
  mintKey: MintKey
  /** No other process can use the same database. */
  isSoleProcess: boolean
  /** The bundled file of the thread that counts tokens. */
  tokenThreadFile: string
  defaultModel: string | null
  titleModel: string | null
  flushMs: number
  leaseMs: number
  retentionMs: number
  requestsPerMinute: number
  streamsPerUser: number
}

/** Stopping takes longer only while the database is away. */
const stopMs = 3_000

export function createChat(options: ChatOptions): ChatServer {
  const access = createAccessModule(options)
  const answer = createAnswerModule(options)
  const prompt = createPromptModule({ ...options, answer })
  const conversation = createConversationModule({ ...options, access, answer })
  const completion = createCompletionModule({ ...options, access, answer, prompt, conversation })

  // Each module is stopped before the modules that it uses.
  async function stop() {
    await completion.stop()
    conversation.stop()
    await prompt.stop()
    await answer.stop()
    access.stop()
  }

  return {
    ...access,
    ...prompt,
    ...conversation,
    ...completion,
    async start() {
      await answer.replica.join()
      await completion.start()
      for (const module of [answer, conversation, access]) module.start()
    },
    async drain(deadlineMs) {
      await completion.drain(deadlineMs)
      await Promise.race([stop(), delay(stopMs, undefined, { ref: false })])
    },
  }
}
