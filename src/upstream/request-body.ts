import { isObject } from './json.ts'

/**
 * The key of the reasoning of an earlier answer in its message. It is a symbol, because JSON leaves symbols out: only upstreams
 * that expect the reasoning back get it, and what a client itself wrote as `reasoning_content` is sent unchanged.
 */
export const reasoningKey = Symbol('reasoning')

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
  const sent = form.sendReasoning ? messages.map(withReasoning) : messages
  const fields = Object.entries({ ...parameters, ...stored, model, messages: sent, stream: true, stream_options })
    .filter(([name, value]) => value !== undefined && !form.omit.includes(name))
    .map(([name, value]) => `${JSON.stringify(name)}:${typeof value === 'bigint' ? value : JSON.stringify(value)}`)
  return `{${fields.join(',')}}`
}

function withReasoning(message: unknown): unknown {
  if (!isObject(message)) return message
  const { [reasoningKey]: reasoning } = message as { [reasoningKey]?: string }
  return reasoning === undefined ? message : { ...message, reasoning_content: reasoning }
}
