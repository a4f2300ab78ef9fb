import type { ChoiceDelta, FinishReason, Logprobs, ToolCallDelta } from './delta.ts'
import { type ChoicePosition, choiceStart } from './position.ts'
import { createTextJoiner, storableJson, storableText } from './text.ts'

export interface ToolCall {
  id: string
  name: string
  arguments: string
}

/** The part of one choice that has been received so far. It only grows. */
export interface AnswerChoice {
  index: number
  content: string
  refusal: string
  reasoning: string
  toolCalls: ToolCall[]
  logprobs: Logprobs
  finishReason: FinishReason | null
}

export interface GrowingChoice {
  readonly state: AnswerChoice
  add(delta: ChoiceDelta): void
  /** Call it when no more follows. Halves of surrogate pairs that are still held back become U+FFFD. */
  close(): void
  position(): ChoicePosition
}

function createGrowingCall(call: ToolCall) {
  const joiner = createTextJoiner()
  return {
    call,
    add(delta: ToolCallDelta) {
      if (call.id === '' && delta.id) call.id = storableText(delta.id)
      if (call.name === '' && delta.name) call.name = storableText(delta.name)
      call.arguments += joiner.add(delta.arguments)
    },
    close() {
      call.arguments += joiner.flush()
    },
  }
}

export function createGrowingChoice(index: number): GrowingChoice {
  const logprobs: Logprobs = { content: [], refusal: [] }
  const state: AnswerChoice = {
    index,
    content: '',
    refusal: '',
    reasoning: '',
    toolCalls: [],
    logprobs,
    finishReason: null,
  }
  const joiners = { content: createTextJoiner(), refusal: createTextJoiner(), reasoning: createTextJoiner() }
  const calls: ReturnType<typeof createGrowingCall>[] = []

  function callAt(index: number) {
    while (calls.length <= index) {
      const call = { id: '', name: '', arguments: '' }
      calls.push(createGrowingCall(call))
      state.toolCalls.push(call)
    }
    return calls[index]
  }

  return {
    state,
    add(delta) {
      if (delta.content !== '') state.content += joiners.content.add(delta.content)
      if (delta.refusal !== '') state.refusal += joiners.refusal.add(delta.refusal)
      if (delta.reasoning !== '') state.reasoning += joiners.reasoning.add(delta.reasoning)
      for (const call of delta.toolCalls) callAt(call.index)?.add(call)
      if (delta.logprobs !== null) {
        logprobs.content.push(...storableJson(delta.logprobs.content))
        logprobs.refusal.push(...storableJson(delta.logprobs.refusal))
      }
      state.finishReason ??= delta.finishReason
    },
    close() {
      state.content += joiners.content.flush()
      state.refusal += joiners.refusal.flush()
      state.reasoning += joiners.reasoning.flush()
      for (const call of calls) call.close()
    },
    position: () => positionOf(state),
  }
}

/** The position at the end of a choice. A tool call without a name does not count yet, because its first delta must have the name. */
export function positionOf(choice: AnswerChoice): ChoicePosition {
  return {
    content: choice.content.length,
    refusal: choice.refusal.length,
    reasoning: choice.reasoning.length,
    contentLogprobs: choice.logprobs.content.length,
    refusalLogprobs: choice.logprobs.refusal.length,
    finished: choice.finishReason !== null,
    toolCalls: choice.toolCalls.map((call) => (call.name === '' ? 0 : call.arguments.length + 1)),
  }
}

function callsBetween(calls: ToolCall[], from: number[], to: number[]): ToolCallDelta[] {
  const deltas: ToolCallDelta[] = []
  for (const [index, call] of calls.entries()) {
    const [seen, end] = [from[index] ?? 0, to[index] ?? 0]
    if (end <= seen) continue
    const [id, name] = seen === 0 ? [call.id || null, call.name] : [null, null]
    deltas.push({ index, id, name, arguments: call.arguments.slice(Math.max(0, seen - 1), end - 1) })
  }
  return deltas
}

function logprobsBetween({ content, refusal }: Logprobs, from: ChoicePosition, to: ChoicePosition): Logprobs | null {
  if (to.contentLogprobs <= from.contentLogprobs && to.refusalLogprobs <= from.refusalLogprobs) return null
  return {
    content: content.slice(from.contentLogprobs, to.contentLogprobs),
    refusal: refusal.slice(from.refusalLogprobs, to.refusalLogprobs),
  }
}

/** The delta of a choice between two positions. */
export function choiceBetween(choice: AnswerChoice, from = choiceStart, to = positionOf(choice)): ChoiceDelta {
  return {
    index: choice.index,
    content: choice.content.slice(from.content, to.content),
    refusal: choice.refusal.slice(from.refusal, to.refusal),
    reasoning: choice.reasoning.slice(from.reasoning, to.reasoning),
    toolCalls: callsBetween(choice.toolCalls, from.toolCalls, to.toolCalls),
    logprobs: logprobsBetween(choice.logprobs, from, to),
    finishReason: to.finished && !from.finished ? choice.finishReason : null,
  }
}
