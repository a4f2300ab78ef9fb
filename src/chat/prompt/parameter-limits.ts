// These are the ranges of OpenAI's reference, https://platform.openai.com/docs/api-reference/chat/create, so that a request
// that cannot succeed is refused before anything is sent or stored. Parameters without a range there have a generous limit.

/** The smallest and the largest value. */
export type Range = readonly [min: number, max: number]

export const ranges = {
  temperature: [0, 2],
  topP: [0, 1],
  n: [1, 128],
  /** A number of tokens, and the number of messages of a LAST_N context. */
  tokens: [1, 2_147_483_647],
  /** presence_penalty and frequency_penalty */
  penalty: [-2, 2],
  bias: [-100, 100],
  topLogprobs: [0, 20],
} as const satisfies Record<string, Range>

/** The largest number of entries of each list. */
export const counts = { messages: 2_048, stop: 4, logitBias: 1_024, tools: 128, metadata: 16 } as const

/** The largest number of characters of each text. */
export const lengths = { toolName: 64, metadataKey: 64, metadataValue: 512 } as const

/** It repeats `lengths.toolName`, because a test checks the time that each literal takes. */
export const toolName = /^[a-zA-Z0-9_-]{1,64}$/

export function rangeText([min, max]: Range): string {
  return `${min} to ${max}`
}
