import { isObject } from './json.ts'

export interface ChatRequest {
  model: string
  messages: unknown[]
  /** By their wire names, sent unchanged. A bigint is sent as a JSON number. */
  parameters: Record<string, unknown>
}

/** How requests to this upstream differ from those to OpenAI. */
export interface RequestForm {
  /** wire names of parameters that it refuses, which are left out */
  omit: string[]
  /** accepts metadata only together with `store: true`, which is then added */
  storeMetadata: boolean
  /** expects the reasoning of earlier answers back, as `reasoning_content` */
  sendReasoning: boolean
}

export function writeBody({ model, messages, parameters }: ChatRequest, form: RequestForm): string {
  const clientOptions = parameters['stream_options']
  const stream_options = { ...(isObject(clientOptions) ? clientOptions : {}), include_usage: true }
  const stored = form.storeMetadata && parameters['metadata'] !== undefined ? { store: true } : {}
  const sent = form.sendReasoning ? messages : messages.map(withoutReasoning)
  const fields = Object.entries({ ...parameters, ...stored, model, messages: sent, stream: true, stream_options })
    .filter(([name, value]) => value !== undefined && !form.omit.includes(name))
    .map(([name, value]) => `${JSON.stringify(name)}:${typeof value === 'bigint' ? value : JSON.stringify(value)}`)
  return `{${fields.join(',')}}`
}

function withoutReasoning(message: unknown): unknown {
  if (!isObject(message) || message['reasoning_content'] === undefined) return message
  const { reasoning_content, ...rest } = message
  return rest
}
