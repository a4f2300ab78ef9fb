import { getSSEProcessor, isAsyncIterable, processRegularResult } from 'graphql-yoga'
import { clientError } from '../schema/client-error.ts'
import type { HttpPlugin } from './http-context.ts'

const eventStream = 'text/event-stream'
const json = ['application/graphql-response+json', 'application/json']

/**
 * Refuses an operation whose kind does not go with the request's method or Accept header. Yoga would find out about the
 * header when the operation has run, and leave the source of a subscription open.
 */
export const acceptPlugin: HttpPlugin = {
  onParams({ request, context: { admitted, res } }) {
    const kind = admitted.operation.operation
    if (request.method === 'GET' && kind !== 'query') {
      // Any page can make a browser send a GET, so it must start nothing; a subscription may start an answer.
      res.setHeader('allow', 'POST')
      throw clientError('METHOD_NOT_ALLOWED', `A ${kind} takes POST.`)
    }
    const types = kind === 'subscription' ? [eventStream] : [...json, eventStream]
    if (accepts(request, types)) return
    throw clientError('NOT_ACCEPTABLE', `The answer to a ${kind} is ${types.join(' or ')}, which Accept must allow.`)
  },
  onResultProcess({ result, resultProcessor, setResultProcessor }) {
    // Else Yoga answers with an empty body.
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
