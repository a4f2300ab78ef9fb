import type { LogEntry } from '../store/answer-log.ts'
import type { Completion } from '../store/completion.ts'
import type { Message } from '../store/message.ts'
import { type Answer, createAnswer } from '../stream/answer.ts'
import type { AnswerChoice } from '../stream/choice.ts'
import type { ChoiceDelta, Logprobs } from '../stream/delta.ts'

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

/** An answer that has ended, as the store has it. */
export function endedAnswer(completion: Completion, messages: readonly Message[]): Answer<Completion> {
  const answer = createAnswer<Completion>(completion.id)
  answer.append(messages.map((message, index) => wholeDelta(choiceOf(message, index))))
  answer.end(completion)
  return answer
}

/** What the log has of one answer, added to what was read of it before. */
export function fold(answer: Answer<Completion>, entries: readonly LogEntry[]): void {
  for (const { delta } of entries) answer.append(JSON.parse(delta) as ChoiceDelta[])
}
