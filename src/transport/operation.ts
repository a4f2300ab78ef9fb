import type { ExecutionArgs, ExecutionResult, NamedTypeNode, OperationDefinitionNode } from 'graphql'
import { createSourceEventStream, getOperationAST, getVariableValues, Kind } from 'graphql'
import type { Identity } from '../auth/sign-in.ts'
import { compileSelection } from '../schema/compiled-selection.ts'
import { executeWithin } from '../schema/metered.ts'
import { createBigOperationTurns } from './big-operation.ts'
import type { ToClientError } from './error.ts'
import { isSource, type Outlet, pastOutlet } from './outlet.ts'

/**
 * Called once per operation, so that the caches of a context last no longer than its operation. `signal` aborts when the client
 * has left; `origin` is the server's origin as the client sees it.
 */
export type CreateContext = (identity: Identity, signal: AbortSignal, origin: string) => Promise<object>

type ResultStream = AsyncGenerator<ExecutionResult, void, void>

export interface OperationArgs extends ExecutionArgs {
  /**
   * Only for a subscription: sends the results that can be written without an execution. They bypass the protocol's library.
   */
  outlet?: Outlet
}

export type RunOperation = (args: OperationArgs) => Promise<ExecutionResult | ResultStream>

/**
 * Runs an operation. The budget applies to each execution: a subscription has one for each event. Neither the result nor its
 * stream ever rejects; the errors in them are those that a client may see.
 */
export function createRunOperation(toClientError: ToClientError, budget: number): RunOperation {
  const run = (args: ExecutionArgs) => executeWithin(budget, args)
  const awaitTurn = createBigOperationTurns()
  return async (args) => {
    try {
      const waiting = awaitTurn(args.variableValues)
      if (waiting !== null) await waiting
      const operation = getOperationAST(args.document, args.operationName)
      if (operation?.operation !== 'subscription') return clientResult(await run(args), toClientError)
      const source = await createSourceEventStream(args)
      if (!(Symbol.asyncIterator in source)) return clientResult(source, toClientError)
      const executed = withCoercedVariables(args, operation)
      return clientResults(eventsToExecute(source, args, operation, budget), executed, { run, toClientError })
    } catch (error) {
      return { errors: [toClientError(error)] }
    }
  }
}

function eventsToExecute(
  source: AsyncIterable<unknown>,
  { schema, document, variableValues, outlet }: OperationArgs,
  operation: OperationDefinitionNode,
  budget: number,
): AsyncIterator<unknown> {
  if (outlet === undefined || !isSource(source)) return source[Symbol.asyncIterator]()
  const { coerced = {} } = getVariableValues(schema, operation.variableDefinitions ?? [], variableValues ?? {})
  return pastOutlet(source, compileSelection(schema, document, operation, coerced, budget), outlet)
}

function clientResult(result: ExecutionResult, toClientError: ToClientError): ExecutionResult {
  return result.errors ? { ...result, errors: result.errors.map(toClientError) } : result
}

/** The scalar of the schema that accepts any value unchanged. */
const anyValue: NamedTypeNode = { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: 'JSON' } }

/**
 * Coerces the variables once for all events. Otherwise graphql-js coerces them in each execution, which takes half of the time
 * of a subscription's event.
 */
function withCoercedVariables(args: ExecutionArgs, operation: OperationDefinitionNode): ExecutionArgs {
  const { schema, document } = args
  const given = operation.variableDefinitions ?? []
  const { coerced } = getVariableValues(schema, given, args.variableValues ?? {})
  const variableDefinitions = given.map(({ kind, variable }) => ({ kind, variable, type: anyValue }))
  const definitions = document.definitions.map((definition) =>
    definition === operation ? { ...operation, variableDefinitions } : definition,
  )
  return { ...args, document: { ...document, definitions }, variableValues: coerced }
}

interface Running {
  run(args: ExecutionArgs): Promise<ExecutionResult>
  toClientError: ToClientError
}

/** When an event cannot be read, the stream ends with one result that has the error. */
function clientResults(
  events: AsyncIterator<unknown>,
  args: ExecutionArgs,
  { run, toClientError }: Running,
): ResultStream {
  let failed = false
  const results: Omit<ResultStream, typeof Symbol.asyncDispose> = {
    async next() {
      if (failed) return { done: true, value: undefined }
      try {
        const { done, value: event } = await events.next()
        if (done) return { done, value: undefined }
        return { done: false, value: clientResult(await run({ ...args, rootValue: event }), toClientError) }
      } catch (error) {
        failed = true
        return { done: false, value: { errors: [toClientError(error)] } }
      }
    },
    // This is not an async generator, because return() of a generator waits until its pending next() is done.
    async return() {
      await events.return?.().catch(toClientError)
      return { done: true, value: undefined }
    },
    async throw(error) {
      await results.return()
      throw error
    },
    [Symbol.asyncIterator]: () => results as ResultStream,
  }
  return results as ResultStream
}
