import { setTimeout as delay } from 'node:timers/promises'
import type { Bus } from '../../bus/bus.ts'
import type { Completion, EndedMessage } from '../../store/completion.ts'
import type { Store } from '../../store/store.ts'
import { positionOf } from '../../stream/choice.ts'
import type { Position } from '../../stream/position.ts'
import type { Log } from '../access/log.ts'
import type { ActiveCompletion, ActiveCompletions } from '../answer/active-completion.ts'
import type { AnswerLog } from '../answer/answer-log.ts'
import { choiceOf } from '../answer/stored-answer.ts'
import { type End, type Ending, endedMessage, isRefusal, plainEnd } from './ending.ts'
import type { TitleWriter } from './title-writer.ts'
import type { Received, Usages } from './usage.ts'

/** Stores the end of an answer, with retries until it succeeds, and then announces it. */
export type Finalize = (active: ActiveCompletion, ending: Ending, received: Received) => Promise<void>

export interface FinalizeOptions {
  store: Store
  usages: Usages
  bus: Bus
  activeCompletions: ActiveCompletions
  answerLog: AnswerLog
  titleWriter: TitleWriter
  log: Log
}

interface StoredEnd {
  completion: Completion
  /** How far the text is stored. If another replica ended the answer, this replica may have received more. */
  position: Position
  isDeleted: boolean
}

const retryMs = 250
const nothing = { content: '', refusal: '', reasoning: '', toolCalls: [] }

// Each choice of a completed answer has a finish reason, even if the upstream sent none.
function close({ answer, choiceCount }: ActiveCompletion, { status }: Ending) {
  answer.close()
  if (status !== 'COMPLETED') return
  const choices = answer.choices()
  for (let index = 0; index < choiceCount; index++) {
    if (!choices[index]?.finishReason) answer.append([{ index, ...nothing, logprobs: null, finishReason: 'UNKNOWN' }])
  }
}

function messagesOf({ answer, messageIds, completion }: ActiveCompletion, ended: Completion): EndedMessage[] {
  if (!completion.stored) return []
  const choices = answer.choices()
  return messageIds.map((id, index) => {
    const empty = { index, ...nothing, logprobs: { content: [], refusal: [] }, finishReason: null }
    return endedMessage(id, choices[index] ?? empty, ended.status)
  })
}

export function createFinalize({
  store,
  usages,
  bus,
  activeCompletions,
  answerLog,
  titleWriter,
  log,
}: FinalizeOptions): Finalize {
  /** Resolves with null if the answer has no end yet, so that another attempt is needed. */
  async function tryToStoreEnd(
    active: ActiveCompletion,
    { completion: ended, messages: answers }: End,
  ): Promise<StoredEnd | null> {
    const ownEnd = { completion: ended, position: active.answer.position(), isDeleted: false }
    const stored = await store.completions.end(ended, active.replicaId, answers)
    if (stored !== null) return { ...ownEnd, ...stored }
    // Either an earlier attempt was stored and its reply was lost, or the lease ran out and another replica ended the answer.
    const [current] = await store.completions.load([ended.id])
    if (current === undefined) return ownEnd
    if (current.status === 'IN_PROGRESS') return null
    if (!current.stored) return { ...ownEnd, completion: current }
    const messages = await store.messages.ofCompletions([ended.id])
    return {
      ...ownEnd,
      completion: current,
      position: messages.map((message, index) => positionOf(choiceOf(message, index))),
    }
  }

  /** Estimates the usage, because the provider's figures may be what the database refuses. */
  async function plainEndOf(active: ActiveCompletion, { completion, messages }: End, received: Received): Promise<End> {
    const facts = { ...received, usage: null, completion, choices: active.answer.choices() }
    return plainEnd({ completion: { ...completion, usage: await usages.of(facts) }, messages })
  }

  async function storeEnd(active: ActiveCompletion, whole: End, received: Received): Promise<StoredEnd> {
    let end = whole
    for (;;) {
      try {
        const stored = await tryToStoreEnd(active, end)
        if (stored !== null) return stored
      } catch (error) {
        const facts = { err: error, completionId: active.completion.id }
        // The database would refuse the same values for ever, and the conversation would stay busy.
        if (end === whole && isRefusal(error)) {
          log.error(facts, 'the database refuses the end of an answer; a plain end is stored instead')
          end = await plainEndOf(active, whole, received)
          continue
        }
        log.warn(facts, 'the end of an answer could not be stored yet; its viewers wait')
      }
      await delay(retryMs)
    }
  }

  return async (active, ending, received) => {
    close(active, ending)
    const { answer, completion } = active
    const usage = await usages.of({ ...received, completion, choices: answer.choices() })
    const ended: Completion = { ...completion, ...ending, usage, replicaId: null, finishedAt: new Date() }
    // Stored before it is announced: a client that hears of the end can read the stored answer.
    const stored = await storeEnd(active, { completion: ended, messages: messagesOf(active, ended) }, received)
    active.completion = stored.completion
    answerLog.drop(answer)
    if (stored.isDeleted) await answerLog.erase(answer)
    activeCompletions.remove(active)
    answer.end(stored.completion, stored.position)
    bus.publish('moved', [answer.id])
    if (completion.conversationId !== null) bus.publish('conversation', [completion.conversationId])
    if (active.isUntitled && stored.completion.status === 'COMPLETED') titleWriter.writeAfter(answer.id)
  }
}
