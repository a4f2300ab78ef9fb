import { z } from 'zod'
import { counts, type Range, ranges, toolName } from '../chat/prompt/parameter-limits.ts'
import { WireError } from './error.ts'

const within = (number: z.ZodNumber, [min, max]: Range) => number.min(min).max(max)

const textPart = z.object({ type: z.literal('text'), text: z.string() })
const otherPart = z.object({ type: z.enum(['image_url', 'input_audio', 'file', 'refusal']) })
const content = z.union([z.string(), z.array(z.union([textPart, otherPart]))]).nullish()

const message = z.object({
  role: z.enum(['developer', 'system', 'user', 'assistant', 'tool', 'function']),
  content,
  name: z.string().nullish(),
  tool_calls: z.array(z.unknown()).nullish(),
  tool_call_id: z.string().nullish(),
})

const jsonSchema = z.record(z.string(), z.unknown())
const tool = z.object({
  type: z.literal('function'),
  function: z.object({
    name: z.string().regex(toolName),
    description: z.string().nullish(),
    parameters: jsonSchema.nullish(),
  }),
})
const toolChoice = z.union([
  z.enum(['none', 'auto', 'required']),
  z.object({ type: z.literal('function'), function: z.object({ name: z.string() }) }),
])
const responseFormat = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text') }),
  z.object({ type: z.literal('json_object') }),
  z.object({
    type: z.literal('json_schema'),
    json_schema: z.object({ name: z.string(), schema: jsonSchema.nullish() }),
  }),
])

const request = z.object({
  model: z.string(),
  messages: z.array(message).min(1),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
  temperature: within(z.number(), ranges.temperature).nullish(),
  top_p: within(z.number(), ranges.topP).nullish(),
  n: within(z.int(), ranges.n).nullish(),
  stop: z.union([z.string(), z.array(z.string()).max(counts.stop)]).nullish(),
  max_tokens: z.int().min(1).nullish(),
  max_completion_tokens: z.int().min(1).nullish(),
  presence_penalty: within(z.number(), ranges.penalty).nullish(),
  frequency_penalty: within(z.number(), ranges.penalty).nullish(),
  logit_bias: z.record(z.string().regex(/^\d+$/), within(z.number(), ranges.bias)).nullish(),
  // This is not z.int(), because a 64-bit seed is beyond the integers that JavaScript represents exactly.
  seed: z.number().refine(Number.isInteger, 'Expected an integer').nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: within(z.int(), ranges.topLogprobs).nullish(),
  tools: z.array(tool).max(counts.tools).nullish(),
  tool_choice: toolChoice.nullish(),
  response_format: responseFormat.nullish(),
  user: z.string().nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
})

export type DemoRequest = z.infer<typeof request>
export type Message = DemoRequest['messages'][number]
export type JsonSchema = z.infer<typeof jsonSchema>

/** Reads a request as OpenAI's reference defines it. Unknown parameters are ignored. */
export function parseRequest(body: string): DemoRequest {
  const result = request.safeParse(parseJson(body))
  if (!result.success) throw invalid(result.error)
  const { tools, tool_choice: choice, logprobs, top_logprobs: topLogprobs } = result.data
  if (topLogprobs != null && !logprobs) {
    throw refusal('top_logprobs', "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.", null)
  }
  if (choice && choice !== 'none' && !tools?.length) {
    throw refusal('tool_choice', "'tool_choice' is only allowed when 'tools' are specified.", null)
  }
  if (choice && typeof choice === 'object' && !tools?.some((one) => one.function.name === choice.function.name)) {
    throw refusal('tool_choice', `Tool choice '${choice.function.name}' not found in 'tools' parameter.`, null)
  }
  return result.data
}

/** The text of a message. Pictures, sounds and files have no text. */
export function textOf({ content }: Message): string {
  if (!content) return ''
  if (typeof content === 'string') return content
  return content.map((part) => ('text' in part ? part.text : '')).join('\n')
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    throw new WireError(400, 'We could not parse the JSON body of your request.')
  }
}

function invalid(error: z.ZodError): WireError {
  const issue = error.issues[0]
  const param = issue?.path.reduce<string>((path, key) => {
    return typeof key === 'number' ? `${path}[${key}]` : path === '' ? String(key) : `${path}.${String(key)}`
  }, '')
  if (!issue || !param) return new WireError(400, 'The body of the request is not a JSON object.')
  const missing = issue.code === 'invalid_type' && issue.message.includes('received undefined')
  return missing
    ? refusal(param, `Missing required parameter: '${param}'.`, 'missing_required_parameter')
    : refusal(
        param,
        `Invalid '${param}': ${issue.message}.`,
        issue.code === 'invalid_type' ? 'invalid_type' : 'invalid_value',
      )
}

function refusal(param: string, message: string, code: string | null): WireError {
  return new WireError(400, message, { param, code })
}
