/** How much of one choice a viewer has: texts in UTF-16 code units, log probabilities in entries. */
export interface ChoicePosition {
  content: number
  refusal: number
  reasoning: number
  contentLogprobs: number
  refusalLogprobs: number
  finished: boolean
  /** For each call: 0 if the viewer does not have it, else the length of its arguments plus one. */
  toolCalls: number[]
}

/** The positions of the choices, in the order of their indexes. */
export type Position = readonly ChoicePosition[]

export const start: Position = []

export const choiceStart: ChoicePosition = {
  content: 0,
  refusal: 0,
  reasoning: 0,
  contentLogprobs: 0,
  refusalLogprobs: 0,
  finished: false,
  toolCalls: [],
}

/** The positions of one answer are totally ordered, so two positions with the same sum are equal. */
export function progress(position: Position): number {
  let sum = 0
  for (const choice of position) sum += choiceProgress(choice)
  return sum
}

function choiceProgress(choice: ChoicePosition): number {
  let sum = choice.content + choice.refusal + choice.reasoning + choice.contentLogprobs + choice.refusalLogprobs
  if (choice.finished) sum += 1
  for (const call of choice.toolCalls) sum += call
  return sum
}

/** True if no part of `position` is beyond `limit`. */
export function isWithin(position: Position, limit: Position): boolean {
  return position.every((choice, index) => isChoiceWithin(choice, limit[index] ?? choiceStart))
}

function isChoiceWithin(choice: ChoicePosition, limit: ChoicePosition): boolean {
  return (
    choice.content <= limit.content &&
    choice.refusal <= limit.refusal &&
    choice.reasoning <= limit.reasoning &&
    choice.contentLogprobs <= limit.contentLogprobs &&
    choice.refusalLogprobs <= limit.refusalLogprobs &&
    (!choice.finished || limit.finished) &&
    choice.toolCalls.every((call, index) => call <= (limit.toolCalls[index] ?? 0))
  )
}
