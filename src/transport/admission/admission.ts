import type { DocumentNode, GraphQLSchema, OperationDefinitionNode } from 'graphql'
import { GraphQLError, getOperationAST, parse, validate } from 'graphql'
import type { ErrorCode } from '../../schema/client-error.ts'
import { clientError } from '../../schema/client-error.ts'
import { deeperThan, maxLevels } from '../depth.ts'
import { conditionalRoot } from '../subscription-root.ts'
import { argumentBytes, maxArgumentBytes } from './argument-bytes.ts'
import { costOf } from './cost.ts'
import { createDocumentCache } from './document-cache.ts'
import { crowdedMutation, isTooNested, overLimit } from './document-limits.ts'

export interface Admitted {
  schema: GraphQLSchema
  document: DocumentNode
  operation: OperationDefinitionNode
  operationName: string | undefined
  variableValues: Record<string, unknown> | undefined
}

export type Admission = { admitted: Admitted } | { errors: GraphQLError[] }

/** Decides, for HTTP and WebSocket alike, whether an operation may run, before any part of it runs. */
export type Admit = (request: unknown) => Admission

const maxTokens = 5000
const maxErrors = 10
const maxNameLength = 256

/** `budget` is the cost that one operation, or one event of a subscription, may have. */
export function createAdmission(schema: GraphQLSchema, budget: number): Admit {
  const cache = createDocumentCache()

  function check(query: string): DocumentNode | GraphQLError[] {
    const known = cache.get(query)
    if (known) return known
    const document = parseWithin(query)
    if (document instanceof GraphQLError) return [document]
    const refusal = overLimit(document) ?? conditionalRoot(document)
    if (refusal) return [clientError('GRAPHQL_VALIDATION_FAILED', refusal)]
    const errors = validate(schema, document, undefined, { maxErrors })
    if (errors.length > 0) return errors.map((error) => coded(error, 'GRAPHQL_VALIDATION_FAILED'))
    const crowded = crowdedMutation(document)
    if (crowded) return [clientError('GRAPHQL_VALIDATION_FAILED', crowded)]
    cache.set(query, document)
    return document
  }

  return (request) => {
    const wellFormed = readRequest(request)
    if (wellFormed instanceof GraphQLError) return { errors: [wellFormed] }
    const { query, operationName, variableValues } = wellFormed
    const document = check(query)
    if (Array.isArray(document)) return { errors: document }
    const operation = getOperationAST(document, operationName)
    if (!operation) return { errors: [noOperation(operationName)] }
    const bytes = argumentBytes(document, operation, variableValues)
    if (bytes > maxArgumentBytes) return { errors: [tooManyBytes(bytes)] }
    const cost = costOf(schema, document, operation, variableValues ?? {})
    if (cost > budget) return { errors: [costExceeded(cost, budget)] }
    return { admitted: { schema, document, operation, operationName, variableValues } }
  }
}

function noOperation(name: string | undefined): GraphQLError {
  const message = name
    ? `The document has no operation named ${JSON.stringify(name)}.`
    : 'The document has several operations: `operationName` must say which to run.'
  return clientError('BAD_USER_INPUT', message)
}

function tooManyBytes(bytes: number): GraphQLError {
  const message = `The arguments of this operation have ${bytes} bytes, counting each variable as often as it is used; ${maxArgumentBytes} are allowed.`
  return clientError('REQUEST_TOO_LARGE', message)
}

function costExceeded(cost: number, budget: number): GraphQLError {
  const message = `The operation may cost up to ${budget}, and this one can cost ${cost}: request fewer items, or use several operations.`
  return clientError('COST_EXCEEDED', message, { cost, budget })
}

interface OperationRequest {
  query: string
  operationName: string | undefined
  variableValues: Record<string, unknown> | undefined
}

function readRequest(request: unknown): OperationRequest | GraphQLError {
  if (!isObject(request))
    return clientError('BAD_REQUEST', 'The request must be one JSON object; batches are not supported.')
  const { query, operationName, variables, extensions } = request
  if (!query && isObject(extensions) && isObject(extensions['persistedQuery'])) return hashAlone()
  if (typeof query !== 'string') return clientError('BAD_REQUEST', '`query` must be a string.')
  if (operationName != null && typeof operationName !== 'string') {
    return clientError('BAD_REQUEST', '`operationName` must be a string.')
  }
  if (operationName != null && operationName.length > maxNameLength) {
    return clientError('BAD_REQUEST', `\`operationName\` takes up to ${maxNameLength} characters.`)
  }
  if (variables != null && !isObject(variables)) return clientError('BAD_REQUEST', '`variables` must be an object.')
  if (extensions != null && !isObject(extensions)) return clientError('BAD_REQUEST', '`extensions` must be an object.')
  if (deeperThan(maxLevels, variables)) {
    return clientError('BAD_USER_INPUT', `\`variables\` are nested more than ${maxLevels} levels deep.`)
  }
  return { query, operationName: operationName || undefined, variableValues: variables ?? undefined }
}

/**
 * Apollo Client and urql may send only the hash of a document. On this message and this code they send the document.
 * https://www.apollographql.com/docs/apollo-server/performance/apq
 */
function hashAlone(): GraphQLError {
  return clientError('PERSISTED_QUERY_NOT_SUPPORTED', 'PersistedQueryNotSupported')
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parseWithin(query: string): DocumentNode | GraphQLError {
  try {
    if (isTooNested(query, maxTokens)) return clientError('GRAPHQL_PARSE_FAILED', 'The document is nested too deeply.')
    return parse(query, { maxTokens })
  } catch (error) {
    if (error instanceof GraphQLError) return coded(error, 'GRAPHQL_PARSE_FAILED')
    throw error
  }
}

function coded({ message, nodes, source, positions }: GraphQLError, code: ErrorCode): GraphQLError {
  return new GraphQLError(message, { nodes, source, positions, extensions: { code } })
}
