import type { LogEntry } from '../../store/answer-log/answer-log.ts'
import type { Completion } from '../../store/completion.ts'
import type { Message } from '../../store/message.ts'
import { type Answer, createAnswer } from '../../stream/answer.ts'
import type { AnswerChoice } from '../../stream/choice.ts'
import type { ChoiceDelta, Logprobs } from '../../stream/delta.ts'

export function choiceOf(message: Message, index: number): AnswerChoice {
  const { content, refusal, reasoning, toolCalls, finishReason } = message
  return {
    index,
    content: content ?? '',
    refusal: refusal ?? '',
    reasoning: reasoning ?? '',
    toolCalls,
    logprobs: (message.logprobs as Logprobs | null) ?? { content: [], refusal: [] },
    finishReason,
  }
}

function wholeDelta({ toolCalls, ...choice }: AnswerChoice): ChoiceDelta {
  return { ...choice, toolCalls: toolCalls.map((call, index) => ({ index, ...call })) }
}

/** An answer that has ended, made from its stored messages. */
export function endedAnswer(completion: Completion, messages: readonly Message[]): Answer<Completion> {
  const answer = createAnswer<Completion>(completion.id)
  answer.append(messages.map((message, index) => wholeDelta(choiceOf(message, index))))
  answer.end(completion)
  return answer
}

/**
 * Appends the log entries of one answer to what was read before, up to the entry `after`. Returns the number of the last entry
 * that was appended. It stops at a gap: a statement has failed and is being sent again, and later entries have to wait for it.
 */
export function fold(answer: Answer<Completion>, entries: readonly LogEntry[], after = 0): number {
  let reached = after
  for (const { sequence, delta } of entries) {
    if (sequence !== reached + 1) break
    answer.append(JSON.parse(delta) as ChoiceDelta[])
    reached = sequence
  }
  return reached
}
