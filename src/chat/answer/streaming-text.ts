import type { Completion } from '../../store/completion.ts'
import type { Message } from '../../store/message.ts'
import type { Store } from '../../store/store.ts'
import { createAnswer } from '../../stream/answer.ts'
import type { ChoiceDelta } from '../../stream/delta.ts'
import { start } from '../../stream/position.ts'
import type { ActiveCompletions } from './active-completion.ts'
import { fold } from './stored-answer.ts'

/** Adds the text that was revealed so far to messages that are still being written: their rows get a text only at the end. */
export type WithStreamingText = (messages: readonly Message[]) => Promise<Message[]>

function withDelta(message: Message, delta: ChoiceDelta | undefined): Message {
  if (delta === undefined) return message
  const { content, refusal, reasoning, toolCalls, finishReason, logprobs } = delta
  return {
    ...message,
    content: content === '' ? null : content,
    refusal: refusal === '' ? null : refusal,
    reasoning: reasoning === '' ? null : reasoning,
    toolCalls: toolCalls.map(({ index, id, name, ...call }) => ({ ...call, id: id ?? '', name: name ?? '' })),
    finishReason,
    logprobs,
  }
}

export function createStreamingText({ answerLog }: Store, activeCompletions: ActiveCompletions): WithStreamingText {
  async function remoteDeltas(completionIds: readonly string[]): Promise<Map<string, ChoiceDelta[]>> {
    if (completionIds.length === 0) return new Map()
    const entries = await answerLog.since(completionIds.map((completionId) => ({ completionId, sequence: 0 })))
    return new Map(
      completionIds.map((id) => {
        const answer = createAnswer<Completion>(id)
        const own = entries.filter(({ completionId }) => completionId === id)
        fold(answer, own)
        return [id, answer.between(start, answer.position())]
      }),
    )
  }

  return async (messages) => {
    const streaming = messages.filter(({ status }) => status === 'STREAMING')
    if (streaming.length === 0) return [...messages]
    const ids = [...new Set(streaming.flatMap(({ completionId }) => completionId ?? []))]
    const remote = await remoteDeltas(ids.filter((id) => activeCompletions.get(id) === null))
    const deltasOf = (id: string) => {
      const answer = activeCompletions.get(id)?.answer
      return answer === undefined ? remote.get(id) : answer.between(start, answer.revealed())
    }
    return messages.map((message) => {
      const { status, completionId, choiceIndex } = message
      if (status !== 'STREAMING' || completionId === null) return message
      return withDelta(
        message,
        deltasOf(completionId)?.find(({ index }) => index === choiceIndex),
      )
    })
  }
}
