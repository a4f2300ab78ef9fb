import { z } from 'zod'
import { invalidInput } from '../access/error.ts'
import { key } from '../access/idempotency-key.ts'
import { createCheck, list, once, text, within } from '../access/input-check.ts'
import type { CompletionInput, KeyValue } from './completion-input.ts'
import { checkMessage } from './message-input.ts'
import { modelName } from './model.ts'
import { counts, lengths, ranges, toolName } from './parameter-limits.ts'
import { takenNames } from './parameters.ts'

const decimal = /^[+-]?\d{1,19}$/

const tool = z.object({
  name: z.string().regex(toolName, `takes 1 to ${lengths.toolName} letters, digits, underscores and dashes`),
  description: text(10_000).nullish(),
})
const bias = z.object({ token: within([0, ranges.tokens[1]]), bias: within(ranges.bias) })
const pair = z.object({ key: text(lengths.metadataKey, 1), value: text(lengths.metadataValue) })
const metadata = once(list(pair, counts.metadata), 'key')
const jsonSchema = z.object({ name: text(64, 1), description: text(10_000).nullish() })

const checkShape = createCheck<CompletionInput>(
  z.object({
    // Each message has its own check.
    messages: list(z.unknown(), counts.messages),
    idempotencyKey: key.nullish(),
    context: z
      .object({ tokenBudget: within(ranges.tokens).nullish(), lastN: within(ranges.tokens).nullish() })
      .nullish(),
    model: modelName.nullish(),
    temperature: within(ranges.temperature).nullish(),
    topP: within(ranges.topP).nullish(),
    n: within(ranges.n).nullish(),
    stop: list(text(1_000, 1), counts.stop).nullish(),
    maxTokens: within(ranges.tokens).nullish(),
    maxCompletionTokens: within(ranges.tokens).nullish(),
    presencePenalty: within(ranges.penalty).nullish(),
    frequencyPenalty: within(ranges.penalty).nullish(),
    logitBias: once(list(bias, counts.logitBias), 'token').nullish(),
    user: text(512).nullish(),
    tools: once(list(tool, counts.tools), 'name').nullish(),
    toolChoice: z.object({ function: text(lengths.toolName).nullish() }).nullish(),
    responseFormat: z.object({ jsonSchema: jsonSchema.nullish() }).nullish(),
    topLogprobs: within(ranges.topLogprobs).nullish(),
    serviceTier: text(64).nullish(),
    metadata: metadata.nullish(),
  }),
)

/** Throws INVALID_INPUT. */
export const checkMetadata = createCheck<readonly KeyValue[]>(metadata)

/** `path` is the place of the input in the client's document, such as `input`. Throws INVALID_INPUT. */
export function checkCompletionInput(input: CompletionInput, path: string): void {
  checkShape(input, path)
  checkLogprobs(input, path)
  checkSeed(input, path)
  checkToolChoice(input, path)
  checkExtraBody(input, path)
  checkPlace(input, path)
  for (const [index, message] of input.messages.entries()) checkMessage(message, `${path}.messages.${index}`)
}

function checkLogprobs({ topLogprobs, logprobs }: CompletionInput, path: string): void {
  if (typeof topLogprobs === 'number' && logprobs !== true) {
    throw invalidInput(`${path}.topLogprobs`, 'needs logprobs: true')
  }
}

function checkSeed({ seed }: CompletionInput, path: string): void {
  if (seed === null || seed === undefined) return
  const isInteger = decimal.test(seed) && BigInt.asIntN(64, BigInt(seed)) === BigInt(seed)
  if (!isInteger) throw invalidInput(`${path}.seed`, 'takes a 64-bit integer in decimal, such as "42"')
}

function checkToolChoice({ tools, toolChoice }: CompletionInput, path: string): void {
  const names = (tools ?? []).map(({ name }) => name)
  if (toolChoice && names.length === 0) throw invalidInput(`${path}.toolChoice`, 'needs tools to choose from')
  const chosen = toolChoice?.function ?? null
  if (chosen !== null && !names.includes(chosen)) {
    throw invalidInput(`${path}.toolChoice.function`, `names ${JSON.stringify(chosen)}, which is not among the tools`)
  }
}

function checkExtraBody({ extraBody }: CompletionInput, path: string): void {
  if (extraBody === null || extraBody === undefined) return
  if (typeof extraBody !== 'object' || Array.isArray(extraBody)) {
    throw invalidInput(`${path}.extraBody`, 'takes a JSON object')
  }
  const taken = Object.keys(extraBody).find((name) => takenNames.has(name))
  if (taken !== undefined)
    throw invalidInput(`${path}.extraBody.${taken}`, 'may not override what the input has a field for')
}

function checkPlace({ store, parentId, conversationId, messages }: CompletionInput, path: string): void {
  if (parentId && store === false) {
    throw invalidInput(
      `${path}.parentId`,
      'needs store: true, since an unstored answer has no place among the messages',
    )
  }
  if (messages.length > 0) return
  if (store === false) {
    throw invalidInput(`${path}.messages`, 'takes at least one message where store is false: they are all that is sent')
  }
  if (!parentId && !conversationId) {
    throw invalidInput(`${path}.messages`, 'takes at least one message where there is no message to answer')
  }
}
