import { getSSEProcessor, isAsyncIterable, processRegularResult } from 'graphql-yoga'
import { clientError } from '../schema/client-error.ts'
import type { HttpPlugin } from './http-context.ts'

const eventStream = 'text/event-stream'
const json = ['application/graphql-response+json', 'application/json']

/**
 * Refuses an operation whose kind does not match the request's method or Accept header. Yoga checks the header only after the
 * operation has run, and would leave the source of a subscription open.
 */
export const acceptPlugin: HttpPlugin = {
  onParams({ request, context: { admitted, res } }) {
    const kind = admitted.operation.operation
    if (request.method === 'GET' && kind !== 'query') {
      // Any web page can make a browser send a GET, so a GET must not start anything, and a subscription may start a
      // completion.
      res.setHeader('allow', 'POST')
      throw clientError('METHOD_NOT_ALLOWED', `A ${kind} must be sent with POST.`)
    }
    const types = kind === 'subscription' ? [eventStream] : [...json, eventStream]
    if (accepts(request, types)) return
    throw clientError(
      'NOT_ACCEPTABLE',
      `The response to a ${kind} is ${types.join(' or ')}, which the Accept header must allow.`,
    )
  },
  onResultProcess({ result, resultProcessor, setResultProcessor }) {
    // Otherwise Yoga answers with an empty body.
    if (resultProcessor) return
    if (isAsyncIterable(result)) setResultProcessor(getSSEProcessor(), eventStream)
    else setResultProcessor(processRegularResult, 'application/json')
  },
}

function accepts({ headers }: Request, types: string[]): boolean {
  const accepted = (headers.get('accept') || '*/*')
    .split(',')
    .map((type) => type.replace(/;.*/, '').trim().toLowerCase())
  return types.some((type) => [type, type.replace(/\/.*/, '/*'), '*/*'].some((name) => accepted.includes(name)))
}
