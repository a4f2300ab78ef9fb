import { UpstreamError } from './error.ts'
import type { ChatRequest } from './request-body.ts'

const withoutOne = 'Send the request without tools, or with the reasoning effort NONE.'

/**
 * Some models accept tools together with reasoning only at another endpoint. Adds to such an error what the client can do
 * instead.
 */
export function withAdvice(error: unknown, { parameters }: ChatRequest): unknown {
  if (!(error instanceof UpstreamError) || error.code !== 'UPSTREAM_REFUSED') return error
  const hasTools = parameters['tools'] !== undefined || parameters['functions'] !== undefined
  const isAboutBoth = /reasoning/i.test(error.message) && /\b(tool|function)/i.test(error.message)
  if (!hasTools || !isAboutBoth) return error
  const { code, message, cause, ...details } = error
  const advised = new UpstreamError(code, `${message} ${withoutOne}`, { ...details, cause })
  return advised
}
