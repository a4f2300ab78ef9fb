import type { Bus } from '../../bus/bus.ts'
import type { Store } from '../../store/store.ts'
import type { Upstreams } from '../../upstream/upstream.ts'
import type { AccessModule } from '../access/access-module.ts'
import type { Log } from '../access/log.ts'
import { meteredWrites } from '../access/metered-writes.ts'
import type { AnswerModule } from '../answer/answer-module.ts'
import type { ConversationModule } from '../conversation/conversation-module.ts'
import type { PromptModule } from '../prompt/prompt-module.ts'
import { createAbandonPolicy } from './abandon-policy.ts'
import { createOneBigAtATime } from './big-request.ts'
import { type Completions, createCompletions } from './completion.ts'
import { createPreviewContext, type PreviewContext } from './context-preview.ts'
import { createDrain } from './drain.ts'
import { createFinalize } from './finalize.ts'
import { createFindStarted, createStartOnce } from './idempotency.ts'
import { createInsert } from './insert.ts'
import { createEndOrphan } from './orphan.ts'
import { createPrepare } from './preparation.ts'
import { createPruning } from './pruning.ts'
import { createRecovery } from './recovery.ts'
import { createRelay } from './relay.ts'
import { createStart } from './start.ts'
import { createStoredCompletions, type StoredCompletions } from './stored-completion.ts'
import { createTitleWriter } from './title-writer.ts'
import { createTurnQueue } from './turn-queue.ts'
import { createUsages } from './usage.ts'
import { createReadUsage, type ReadUsage } from './usage-report.ts'

/** Completions from the request to the stored ending. */
export interface CompletionModule {
  completions: Completions
  storedCompletions: StoredCompletions
  previewContext: PreviewContext
  usage: ReadUsage
  /**
   * Call it when the replica has its lease. If this is the only process of the database, it ends the answers that an earlier
   * process left unfinished before it resolves.
   */
  start(): Promise<void>
  /**
   * Releases the waiting questions to other replicas, lets active completions finish until the deadline, and then ends those
   * that have not finished as INTERRUPTED.
   */
  drain(deadlineMs: number): Promise<void>
  stop(): Promise<void>
}

export interface CompletionModuleOptions {
  store: Store
  upstreams: Upstreams
  bus: Bus
  log: Log
  access: AccessModule
  answer: AnswerModule
  prompt: PromptModule
  conversation: ConversationModule
  isSoleProcess: boolean
  defaultModel: string | null
  titleModel: string | null
  retentionMs: number
}

export function createCompletionModule(options: CompletionModuleOptions): CompletionModule {
  const { store, upstreams, bus, log, access, answer, prompt, conversation } = options
  const { activeCompletions, answerLog, answerSinkOf, canceller, replica } = answer
  const { prompts, tokens } = prompt
  const oneBigAtATime = createOneBigAtATime()
  const usages = createUsages(upstreams, tokens)
  const titleWriter = createTitleWriter({ store, upstreams, bus, log, titleModel: options.titleModel })
  const finalize = createFinalize({ store, usages, bus, activeCompletions, answerLog, titleWriter, log })
  const relay = createRelay({ upstreams, answerSinkOf, finalize, log })
  const abandonPolicy = createAbandonPolicy(store, activeCompletions, log)
  const turnQueue = createTurnQueue({ ...answer, store, bus, relay, prompts, abandonPolicy, log })
  const prepare = oneBigAtATime(createPrepare({ store, upstreams, prompts, defaultModel: options.defaultModel }))
  const findStarted = createFindStarted(store, activeCompletions)
  const insert = oneBigAtATime(createInsert(store, findStarted, canceller, log))
  const start = createStart({ bus, replica, prepare, insert, activeCompletions, turnQueue, abandonPolicy, prompts })
  const startOnce = createStartOnce({ limits: access.limits, findStarted, start })
  const endOrphan = createEndOrphan({ store, usages, bus, log })
  const recovery = createRecovery({ store, endOrphan, replica, activeCompletions, turnQueue, log })
  const pruning = createPruning(store, options.retentionMs, log)

  const completions = createCompletions({ ...access, ...answer, store, startOnce })
  const storedCompletions = createStoredCompletions({ store, completions, conversation })

  return {
    completions,
    storedCompletions: meteredWrites(access.limits, storedCompletions, 'setMetadata'),
    previewContext: createPreviewContext(prepare, access.limits),
    usage: createReadUsage(store),
    async start() {
      if (options.isSoleProcess) await recovery.takeOver()
      else recovery.start()
      pruning.start()
    },
    drain: createDrain(turnQueue, activeCompletions, tokens),
    async stop() {
      pruning.stop()
      recovery.stop()
      await titleWriter.stop()
    },
  }
}
