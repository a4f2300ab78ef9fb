import {
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql'
import { hostPath, type Place } from './place.ts'
import { selectionOf } from './selection.ts'

export interface Operation {
  kind: Place['operation']
  query: string
  variables: Record<string, unknown>
}

/** What is given where, by its path. */
export type Given = ReadonlyMap<string, unknown>

/** A document may have up to 500. */
const maxFields = 450

// What is needed beyond what the schema says.
const samples: Record<string, unknown> = {
  MessageInput: { role: 'USER', content: 'x' },
  UpdateConversationInput: { title: 'changed' },
  ParticipantRole: 'EDITOR',
  DateTime: '2999-01-01T00:00:00Z',
  String: 'x',
  JSON: {},
  Int: 1,
}

/** The operation that asks for all that the place has to give. `needed` has what is required and not given. */
export function operationAt(
  schema: GraphQLSchema,
  { operation, field, host }: Place,
  given: Given,
  needed: Given,
): Operation {
  const variables: Record<string, unknown> = {}
  for (const argument of field.args) {
    const value = valueAt(argument.name, argument.type, { given, needed }, isRequiredArgument(argument))
    if (value !== undefined) variables[argument.name] = value
  }
  const used = field.args.filter((argument) => argument.name in variables)
  const declared = used.map((argument) => `$${argument.name}: ${argument.type}`)
  const passed = used.map((argument) => `${argument.name}: $${argument.name}`)
  const call = field.name + inParentheses(passed) + maxSelection(schema, getNamedType(field.type))
  if (host === null) return { kind: operation, query: `${operation} ${inParentheses(declared)} { ${call} }`, variables }
  const query = `query ${inParentheses(['$host: ID!', ...declared])} { node(id: $host) { ... on ${host} { ${call} } } }`
  return { kind: 'query', query, variables: { ...variables, host: given.get(hostPath) ?? needed.get(hostPath) } }
}

function maxSelection(schema: GraphQLSchema, type: GraphQLNamedType): string {
  const deep = selectionOf(schema, type, 1)
  return deep.split(':').length > maxFields ? selectionOf(schema, type, 0) : deep
}

function inParentheses(parts: readonly string[]): string {
  return parts.length === 0 ? '' : `(${parts.join(', ')})`
}

interface Values {
  given: Given
  needed: Given
}

function valueAt(path: string, type: GraphQLInputType, values: Values, isRequired: boolean): unknown {
  const isWithin = [...values.given.keys()].some((other) => other === path || other.startsWith(`${path}.`))
  if (!isWithin && !isRequired) return undefined
  if (isNonNullType(type)) return valueAt(path, type.ofType, values, true)
  if (isListType(type)) return [valueAt(path, type.ofType, values, true)].flat()
  if (isInputObjectType(type)) return objectAt(path, type, values)
  const value = values.given.get(path) ?? values.needed.get(path) ?? samples[type.name]
  if (value !== undefined) return value
  if (isEnumType(type)) return type.getValues()[0]?.name
  throw new Error(`Teach the isolation tests what to give for ${path}, a ${type.name}`)
}

function objectAt(path: string, type: GraphQLInputObjectType, values: Values): object {
  const fields = Object.values(type.getFields())
  const object: Record<string, unknown> = {}
  for (const field of fields) {
    const value = valueAt(`${path}.${field.name}`, field.type, values, isRequiredInputField(field))
    if (value !== undefined) object[field.name] = value
  }
  const isEmptyChoice = type.isOneOf && Object.keys(object).length === 0
  const [first] = fields
  if (isEmptyChoice && first) object[first.name] = valueAt(`${path}.${first.name}`, first.type, values, true)
  const given = Object.entries(object).filter(([name]) => values.given.has(`${path}.${name}`))
  return { ...object, ...(samples[type.name] as object | undefined), ...Object.fromEntries(given) }
}

/** Which branches of a choice between inputs the path takes. */
export function branchesOf({ field }: Place, path: string): Map<string, string> {
  const [first = '', ...rest] = path.split('.')
  const branches = new Map<string, string>()
  let type: GraphQLInputType | undefined = field.args.find(({ name }) => name === first)?.type
  let place = first
  for (const name of rest) {
    const named: GraphQLInputType | undefined = type && getNamedType(type)
    if (!isInputObjectType(named)) break
    if (named.isOneOf) branches.set(place, name)
    place = `${place}.${name}`
    type = named.getFields()[name]?.type
  }
  return branches
}
