import { setTimeout as delay } from 'node:timers/promises'
import type { Completion, EndedMessage } from '../store/completion.ts'
import type { Store } from '../store/store.ts'
import type { Bus } from '../stream/bus.ts'
import type { Upstreams } from '../upstream/upstream.ts'
import type { AnswerLog } from './answer-log.ts'
import { type Ending, endedMessage } from './ending.ts'
import type { Live, LiveAnswers } from './live.ts'
import type { Log } from './log.ts'
import { type Received, usageOf } from './usage.ts'

/** Stores the ending, however long it takes, and then announces it. */
export type Conclude = (live: Live, ending: Ending, received: Received) => Promise<void>

export interface ConcludeOptions {
  store: Store
  upstreams: Upstreams
  bus: Bus
  lives: LiveAnswers
  answerLog: AnswerLog
  log: Log
}

const retryMs = 250
const nothing = { content: '', refusal: '', reasoning: '', toolCalls: [] }

// A whole answer has a finish reason for each choice, also where the upstream named none.
function close({ answer, choiceCount }: Live, { status }: Ending) {
  answer.close()
  if (status !== 'COMPLETED') return
  const known = answer.choices()
  for (let index = 0; index < choiceCount; index++) {
    if (!known[index]?.finishReason) answer.append([{ index, ...nothing, logprobs: null, finishReason: 'UNKNOWN' }])
  }
}

function messagesOf({ answer, messageIds, completion }: Live, ended: Completion): EndedMessage[] {
  if (!completion.stored) return []
  const choices = answer.choices()
  return messageIds.map((id, index) => {
    const empty = { index, ...nothing, logprobs: { content: [], refusal: [] }, finishReason: null }
    return endedMessage(id, choices[index] ?? empty, ended.status)
  })
}

export function createConclude({ store, upstreams, bus, lives, answerLog, log }: ConcludeOptions): Conclude {
  async function storeEnd(live: Live, ended: Completion): Promise<Completion> {
    const messages = messagesOf(live, ended)
    for (;;) {
      try {
        if (await store.completions.end(ended, live.replicaId, messages)) return ended
        return await endedElsewhere(ended)
      } catch (error) {
        log.warn({ err: error, completionId: ended.id }, 'an ending could not be stored yet; its viewers wait')
        await delay(retryMs)
      }
    }
  }

  // Either an earlier try was stored although its answer was lost, or the lease ran out and another replica ends it.
  async function endedElsewhere(ended: Completion): Promise<Completion> {
    for (;;) {
      const [known] = await store.completions.load([ended.id])
      if (known === undefined) return ended
      if (known.status !== 'IN_PROGRESS') return known
      await delay(retryMs)
    }
  }

  return async (live, ending, received) => {
    close(live, ending)
    const { answer, completion } = live
    const usage = await usageOf(upstreams, { ...received, completion, choices: answer.choices() })
    const ended: Completion = { ...completion, ...ending, usage, replicaId: null, finishedAt: new Date() }
    // Stored before announced: who hears that the answer has ended can read it.
    live.completion = await storeEnd(live, ended)
    answerLog.drop(answer)
    lives.remove(live)
    answer.end(live.completion)
    bus.publish('moved', [answer.id])
  }
}
