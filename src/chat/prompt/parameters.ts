import type { CompletionInput, ResponseFormatInput, ToolChoiceInput, ToolInput } from './completion-input.ts'

// Maps the names of the API to those of the upstream's API. Absent parameters stay absent, and values are sent unchanged.

const plain = {
  temperature: 'temperature',
  topP: 'top_p',
  n: 'n',
  stop: 'stop',
  maxTokens: 'max_tokens',
  maxCompletionTokens: 'max_completion_tokens',
  presencePenalty: 'presence_penalty',
  frequencyPenalty: 'frequency_penalty',
  user: 'user',
  parallelToolCalls: 'parallel_tool_calls',
  logprobs: 'logprobs',
  topLogprobs: 'top_logprobs',
  serviceTier: 'service_tier',
} as const satisfies Partial<Record<keyof CompletionInput, string>>

const converted = {
  logitBias: 'logit_bias',
  seed: 'seed',
  tools: 'tools',
  toolChoice: 'tool_choice',
  responseFormat: 'response_format',
  reasoningEffort: 'reasoning_effort',
  verbosity: 'verbosity',
  metadata: 'metadata',
} as const satisfies Partial<Record<keyof CompletionInput, string>>

/** The names that `extraBody` must not contain: those with a parameter in the API, and those that the server sets. */
export const takenNames: ReadonlySet<string> = new Set([
  ...Object.values(plain),
  ...Object.values(converted),
  'model',
  'messages',
  'stream',
  'stream_options',
])

function withoutNulls(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== null && item !== undefined))
}

function toolOf({ name, description, parameters, strict }: ToolInput) {
  return { type: 'function', function: withoutNulls({ name, description, parameters, strict }) }
}

function toolChoiceOf(choice: ToolChoiceInput) {
  return choice.function ? { type: 'function', function: { name: choice.function } } : choice.mode?.toLowerCase()
}

function responseFormatOf({ jsonObject, jsonSchema }: ResponseFormatInput) {
  if (jsonSchema) return { type: 'json_schema', json_schema: withoutNulls(jsonSchema) }
  return { type: jsonObject ? 'json_object' : 'text' }
}

/** Returns a bigint for a large seed, because a JavaScript number cannot hold all digits of 64 bits. */
function seedOf(seed: string): number | bigint {
  const exact = BigInt(seed)
  return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact
}

export function wireParameters(input: Omit<CompletionInput, 'messages'>): Record<string, unknown> {
  const parameters: Record<string, unknown> = {}
  for (const [name, wireName] of Object.entries(plain)) {
    const value = input[name as keyof typeof plain]
    if (value !== null && value !== undefined) parameters[wireName] = value
  }
  const { logitBias, seed, tools, toolChoice, responseFormat, reasoningEffort, verbosity, metadata, extraBody } = input
  if (logitBias) parameters['logit_bias'] = Object.fromEntries(logitBias.map(({ token, bias }) => [token, bias]))
  if (seed) parameters['seed'] = seedOf(seed)
  if (tools) parameters['tools'] = tools.map(toolOf)
  if (toolChoice) parameters['tool_choice'] = toolChoiceOf(toolChoice)
  if (responseFormat) parameters['response_format'] = responseFormatOf(responseFormat)
  if (reasoningEffort) parameters['reasoning_effort'] = reasoningEffort.toLowerCase()
  if (verbosity) parameters['verbosity'] = verbosity.toLowerCase()
  if (metadata) parameters['metadata'] = Object.fromEntries(metadata.map(({ key, value }) => [key, value]))
  return { ...(extraBody as Record<string, unknown> | null | undefined), ...input.wireParameters, ...parameters }
}
