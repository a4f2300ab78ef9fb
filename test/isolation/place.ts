import {
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isObjectType,
} from 'graphql'
import { isKind, type Kind, type Meaning, meaningOf } from './meaning.ts'

/** Where a text goes into a field: by the names on the way, such as `input.start.completion.parentId`. */
export interface Position {
  path: string
  meaning: Meaning
}

/** A field with arguments, or of a root type; of another type it is reached by the id of its object. */
export interface Place {
  /** Such as `Mutation.createMessage`. */
  name: string
  operation: 'query' | 'mutation' | 'subscription'
  field: GraphQLField<unknown, unknown>
  /** What it is a field of; null for a root type. */
  host: Kind | null
  positions: Position[]
  /** The paths of all texts that can be given, whether they name something or not. */
  texts: string[]
}

// They name nothing: numbers, flags, times.
const plainScalars = ['Int', 'Float', 'Boolean', 'DateTime']

/** The path of the host's id among the arguments, which have no such name. */
export const hostPath = '__host'

/** Every place where something can be asked for, or a list of what the isolation tests do not know yet. */
export function placesIn(schema: GraphQLSchema): { places: Place[]; unknown: string[] } {
  const unknown = new Set<string>()

  function positionsIn(path: string, name: string, type: GraphQLInputType): Position[] {
    const named = getNamedType(type)
    if (isInputObjectType(named)) {
      return Object.values(named.getFields()).flatMap((field) =>
        positionsIn(`${path}.${field.name}`, `${named.name}.${field.name}`, field.type),
      )
    }
    if (isEnumType(named) || plainScalars.includes(named.name)) return []
    const meaning = meaningOf(name)
    if (meaning === undefined) unknown.add(name)
    return meaning === undefined ? [] : [{ path, meaning }]
  }

  function placeOf(type: GraphQLObjectType, field: GraphQLField<unknown, unknown>): Place {
    const name = `${type.name}.${field.name}`
    const operation = operationOf(schema, type)
    const host = operation === null ? hostOf(type) : null
    if (operation === null && host === null) unknown.add(name)
    const given = field.args.flatMap((argument) =>
      positionsIn(argument.name, `${name}(${argument.name})`, argument.type),
    )
    const naming = given.filter(({ meaning }) => meaning !== 'text')
    const hosting = host === null ? [] : [{ path: hostPath, meaning: host }]
    const texts = given.map(({ path }) => path)
    return { name, operation: operation ?? 'query', field, host, positions: [...hosting, ...naming], texts }
  }

  const types = Object.values(schema.getTypeMap()).filter((type) => isObjectType(type))
  const places = types
    .filter((type) => !type.name.startsWith('__'))
    .flatMap((type) =>
      Object.values(type.getFields())
        .filter((field) => field.args.length > 0 || operationOf(schema, type) !== null)
        .map((field) => placeOf(type, field)),
    )
  return { places, unknown: [...unknown] }
}

function operationOf(schema: GraphQLSchema, type: GraphQLObjectType): Place['operation'] | null {
  if (type === schema.getQueryType()) return 'query'
  if (type === schema.getMutationType()) return 'mutation'
  return type === schema.getSubscriptionType() ? 'subscription' : null
}

function hostOf({ name }: GraphQLObjectType): Kind | null {
  return isKind(name as Meaning) ? (name as Kind) : null
}
