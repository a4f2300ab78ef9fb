import type { Bus } from '../../bus/bus.ts'
import type { Store } from '../../store/store.ts'
import type { Log } from '../access/log.ts'
import { type ActiveCompletions, createActiveCompletions } from './active-completion.ts'
import { type AnswerLog, createAnswerLog } from './answer-log.ts'
import { type AnswerLookup, createAnswerLookup } from './answer-lookup.ts'
import { createAnswerNotifier } from './answer-notifier.ts'
import { type AnswerSinkOf, createAnswerSinkOf } from './answer-sink.ts'
import { type Canceller, createCanceller } from './cancel.ts'
import { createLeaseLoss } from './lease-loss.ts'
import { createRemoteAnswers, type RemoteAnswers } from './remote-answer.ts'
import { createReplica, type Replica } from './replica.ts'
import { createStreamingText, type WithStreamingText } from './streaming-text.ts'

/** Answers while they are streamed, by this replica or another one, and the log from which they survive a crash. */
export interface AnswerModule {
  replica: Replica
  activeCompletions: ActiveCompletions
  remoteAnswers: RemoteAnswers
  answers: AnswerLookup
  answerLog: AnswerLog
  answerSinkOf: AnswerSinkOf
  canceller: Canceller
  withStreamingText: WithStreamingText
  /** Call it when the replica has its lease. */
  start(): void
  /** Resolves when all pending writes are done and the lease is given back. */
  stop(): Promise<void>
}

export interface AnswerOptions {
  store: Store
  bus: Bus
  log: Log
  flushMs: number
  leaseMs: number
}

export function createAnswerModule({ store, bus, log, flushMs, leaseMs }: AnswerOptions): AnswerModule {
  const replica = createReplica(store, leaseMs)
  const activeCompletions = createActiveCompletions()
  const remoteAnswers = createRemoteAnswers(store, bus, log)
  const answers = createAnswerLookup(store, activeCompletions, remoteAnswers)
  const canceller = createCanceller(store, bus, replica, activeCompletions, answers, log)
  const notifier = createAnswerNotifier(bus, flushMs)
  const onFenced = createLeaseLoss(replica, abandon, log)
  const answerLog = createAnswerLog({ store, notifier, replica, log, flushMs, onFenced })

  function abandon() {
    // A question that waits for its turn learns at its next attempt whether another replica has taken it over.
    for (const active of activeCompletions.running().filter(({ isWaiting }) => !isWaiting)) {
      activeCompletions.stop(active.answer.id, 'SERVER_LOST')
      answerLog.drop(active.answer)
    }
  }

  return {
    replica,
    activeCompletions,
    remoteAnswers,
    answers,
    answerLog,
    answerSinkOf: createAnswerSinkOf(answerLog),
    canceller,
    withStreamingText: createStreamingText(store, activeCompletions),
    start() {
      for (const worker of [answerLog, remoteAnswers, canceller]) worker.start()
    },
    async stop() {
      canceller.stop()
      remoteAnswers.stop()
      await answerLog.stop()
      notifier.stop()
      await replica.leave().catch((error: unknown) => log.warn({ err: error }, 'the lease could not be given back'))
    },
  }
}
