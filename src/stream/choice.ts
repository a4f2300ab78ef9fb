import type { ChoiceDelta, FinishReason, Logprobs, ToolCallDelta, ToolCallExtra } from './delta.ts'
import { createGrowingText, type GrowingText, type Text } from './growing-text.ts'
import { type ChoicePosition, choiceStart } from './position.ts'
import { createTextJoiner, storableJson, storableText } from './text.ts'

export interface ToolCall {
  id: string
  name: string
  /** The raw text that the model wrote. */
  arguments: string
  extra?: ToolCallExtra
}

/** The part of one choice that has been received so far. */
export interface AnswerChoice {
  index: number
  content: string
  refusal: string
  reasoning: string
  toolCalls: ToolCall[]
  logprobs: Logprobs
  finishReason: FinishReason | null
}

type Shape<Texts extends Text> = Omit<AnswerChoice, TextName | 'toolCalls'> &
  Record<TextName, Texts> & { toolCalls: (Omit<ToolCall, 'arguments'> & { arguments: Texts })[] }

const textNames = ['content', 'refusal', 'reasoning'] as const
type TextName = (typeof textNames)[number]

export interface GrowingChoice {
  /** A copy of the current state. */
  state(): AnswerChoice
  add(delta: ChoiceDelta): void
  /** Call it when no more text follows. Halves of surrogate pairs that are still held back become U+FFFD. */
  close(): void
  position(): ChoicePosition
  between(from: ChoicePosition, to: ChoicePosition): ChoiceDelta
}

function createGrowingCall() {
  const joiner = createTextJoiner()
  const call: Shape<GrowingText>['toolCalls'][number] = { id: '', name: '', arguments: createGrowingText() }
  return {
    call,
    add(delta: ToolCallDelta) {
      if (call.id === '' && delta.id) call.id = storableText(delta.id)
      if (call.name === '' && delta.name) call.name = storableText(delta.name)
      if (delta.extra) call.extra ??= storableJson(delta.extra)
      call.arguments.add(joiner.add(delta.arguments))
    },
    close() {
      call.arguments.add(joiner.flush())
    },
  }
}

/** Text and lists only grow. */
export function createGrowingChoice(index: number): GrowingChoice {
  const joiners = { content: createTextJoiner(), refusal: createTextJoiner(), reasoning: createTextJoiner() }
  const calls: ReturnType<typeof createGrowingCall>[] = []
  const growing: Shape<GrowingText> = {
    index,
    content: createGrowingText(),
    refusal: createGrowingText(),
    reasoning: createGrowingText(),
    toolCalls: [],
    logprobs: { content: [], refusal: [] },
    finishReason: null,
  }
  const { logprobs } = growing

  function callAt(index: number) {
    while (calls.length <= index) {
      const call = createGrowingCall()
      calls.push(call)
      growing.toolCalls.push(call.call)
    }
    return calls[index]
  }

  return {
    state() {
      const { content, refusal, reasoning, toolCalls } = growing
      return {
        ...growing,
        content: content.toString(),
        refusal: refusal.toString(),
        reasoning: reasoning.toString(),
        toolCalls: toolCalls.map((call) => ({ ...call, arguments: call.arguments.toString() })),
      }
    },
    add(delta) {
      for (const name of textNames) if (delta[name] !== '') growing[name].add(joiners[name].add(delta[name]))
      for (const call of delta.toolCalls) callAt(call.index)?.add(call)
      if (delta.logprobs !== null) {
        logprobs.content.push(...storableJson(delta.logprobs.content))
        logprobs.refusal.push(...storableJson(delta.logprobs.refusal))
      }
      growing.finishReason ??= delta.finishReason
    },
    close() {
      for (const name of textNames) growing[name].add(joiners[name].flush())
      for (const call of calls) call.close()
    },
    position: () => positionOf(growing),
    between: (from, to) => choiceBetween(growing, from, to),
  }
}

/**
 * The position at the end of a choice. A tool call without a name does not count yet, because its first delta must have the
 * name.
 */
export function positionOf(choice: Shape<Text>): ChoicePosition {
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

function callsBetween(calls: Shape<Text>['toolCalls'], from: number[], to: number[]): ToolCallDelta[] {
  const deltas: ToolCallDelta[] = []
  for (const [index, call] of calls.entries()) {
    const [seen, end] = [from[index] ?? 0, to[index] ?? 0]
    if (end <= seen) continue
    const text = call.arguments.slice(Math.max(0, seen - 1), end - 1)
    const { id, name, extra } = call
    const first = { index, id: id || null, name, arguments: text, ...(extra && { extra }) }
    deltas.push(seen === 0 ? first : { index, id: null, name: null, arguments: text })
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
export function choiceBetween(choice: Shape<Text>, from = choiceStart, to = positionOf(choice)): ChoiceDelta {
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
