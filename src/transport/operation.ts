import type { ExecutionArgs, ExecutionResult, NamedTypeNode, OperationDefinitionNode } from 'graphql'
import { createSourceEventStream, getOperationAST, getVariableValues, Kind } from 'graphql'
import type { Identity } from '../auth/sign-in.ts'
import { compileSelection } from '../schema/compiled-selection.ts'
import { executeWithin } from '../schema/metered.ts'
import { createBigOperationTurns } from './big-operation.ts'
import type { ToClientError } from './error.ts'
import { isSource, type Outlet, pastOutlet } from './outlet.ts'

/**
 * Called once per operation, so that what it caches lives no longer; `signal` aborts when the client has left, and
 * `origin` is the server's, as the client sees it.
 */
export type CreateContext = (identity: Identity, signal: AbortSignal, origin: string) => Promise<object>

type ResultStream = AsyncGenerator<ExecutionResult, void, void>

export interface OperationArgs extends ExecutionArgs {
  /** Of a subscription: takes what can be written without an execution, past the library of the protocol. */
  outlet?: Outlet
}

export type RunOperation = (args: OperationArgs) => Promise<ExecutionResult | ResultStream>

/** Each execution, one for each event of a stream, has the budget. Neither the result nor its stream ever rejects; their errors are what a client may see. */
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

/** Of the schema's, the one that takes any value as it is. */
const anyValue: NamedTypeNode = { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: 'JSON' } }

/** graphql-js coerces the variables at each execution, for a stream at each event, which takes half of its time. */
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

/** Ends with one result that holds the error when an event cannot be had. */
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
    // No async generator around the source: its return() would wait behind a pending next().
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
