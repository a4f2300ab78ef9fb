import type { ExecutionArgs, ExecutionResult } from 'graphql'
import { execute, getOperationAST, subscribe } from 'graphql'
import type { Identity } from '../auth/sign-in.ts'
import type { ToClientError } from './error.ts'

/**
 * Called once per operation, so that what it caches lives no longer; `signal` aborts when the client has left, and
 * `origin` is the server's, as the client sees it.
 */
export type CreateContext = (identity: Identity, signal: AbortSignal, origin: string) => Promise<object>

type ResultStream = AsyncGenerator<ExecutionResult, void, void>

export type RunOperation = (args: ExecutionArgs) => Promise<ExecutionResult | ResultStream>

/** Neither the result nor its stream ever rejects; their errors are what a client may see. */
export function createRunOperation(toClientError: ToClientError): RunOperation {
  return async (args) => {
    try {
      const streams = getOperationAST(args.document, args.operationName)?.operation === 'subscription'
      const result = await (streams ? subscribe(args) : execute(args))
      return Symbol.asyncIterator in result ? clientResults(result, toClientError) : clientResult(result, toClientError)
    } catch (error) {
      return { errors: [toClientError(error)] }
    }
  }
}

function clientResult(result: ExecutionResult, toClientError: ToClientError): ExecutionResult {
  return result.errors ? { ...result, errors: result.errors.map(toClientError) } : result
}

/** Ends with one result that holds the error when the source throws. */
function clientResults(source: ResultStream, toClientError: ToClientError): ResultStream {
  let failed = false
  const results = {
    async next(): Promise<IteratorResult<ExecutionResult, void>> {
      if (failed) return { done: true, value: undefined }
      try {
        const { done, value } = await source.next()
        return done ? { done, value } : { done: false, value: clientResult(value, toClientError) }
      } catch (error) {
        failed = true
        return { done: false, value: { errors: [toClientError(error)] } }
      }
    },
    // No async generator around the source: its return() would wait behind a pending next().
    async return() {
      await source.return().catch(toClientError)
      return { done: true, value: undefined }
    },
    throw: (error: unknown) => source.throw(error),
    [Symbol.asyncIterator]: () => results as ResultStream,
  }
  return results as ResultStream
}
