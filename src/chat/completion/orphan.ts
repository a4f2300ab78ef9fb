import type { Bus } from '../../bus/bus.ts'
import type { Completion, StoredEnd } from '../../store/completion.ts'
import type { Store } from '../../store/store.ts'
import { createAnswer } from '../../stream/answer.ts'
import type { Log } from '../access/log.ts'
import { fold } from '../answer/stored-answer.ts'
import { type End, endedMessage, endingOfStop, isRefusal, plainEnd } from './ending.ts'
import type { Usages } from './usage.ts'

/** Ends an answer whose replica is lost, with the text of its log. Rejects if the end cannot be stored. */
export type EndOrphan = (orphan: Completion) => Promise<void>

export interface EndOrphanOptions {
  store: Store
  usages: Usages
  bus: Bus
  log: Log
}

export function createEndOrphan({ store, usages, bus, log }: EndOrphanOptions): EndOrphan {
  async function endOf(orphan: Completion): Promise<End> {
    const answer = createAnswer<Completion>(orphan.id)
    fold(answer, await store.answerLog.since([{ completionId: orphan.id, sequence: 0 }]))
    answer.close()
    const choices = answer.choices()
    const messages = await store.messages.ofCompletions([orphan.id])
    const ending = endingOfStop('SERVER_LOST')
    const usage = await usages.estimate(orphan, orphan.context.promptTokens, choices)
    return {
      completion: { ...orphan, ...ending, usage, finishedAt: new Date() },
      messages: messages.map(({ id }, index) => {
        const choice = choices[index]
        return choice === undefined ? emptyMessage(id) : endedMessage(id, choice, ending.status)
      }),
    }
  }

  /** Resolves with null if the answer has ended meanwhile, or if another replica has taken it over. */
  async function storeEnd(whole: End, replicaId: string): Promise<StoredEnd | null> {
    const attempt = ({ completion, messages }: End) => store.completions.endLost(completion, replicaId, messages)
    try {
      return await attempt(whole)
    } catch (error) {
      if (!isRefusal(error)) throw error
      const facts = { err: error, completionId: whole.completion.id }
      log.error(facts, 'the database refuses the end of an answer whose server was lost; a plain end is stored instead')
      return attempt(plainEnd(whole))
    }
  }

  return async (orphan) => {
    const { id, replicaId, conversationId } = orphan
    // The completion has ended meanwhile.
    if (replicaId === null) return
    const stored = await storeEnd(await endOf(orphan), replicaId)
    if (stored === null) return
    store.answerLog.close(id)
    if (stored.isDeleted) await store.answerLog.erase(id)
    log.warn({ completionId: id, replicaId }, 'ended an answer whose server was lost')
    bus.publish('moved', [id])
    if (conversationId !== null) bus.publish('conversation', [conversationId])
  }
}

function emptyMessage(id: string) {
  const nothing = { content: null, refusal: null, reasoning: null, toolCalls: [], finishReason: null, logprobs: null }
  return { id, ...nothing, status: 'PARTIAL' as const }
}
