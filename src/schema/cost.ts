import {
  DirectiveLocation,
  GraphQLBoolean,
  GraphQLDirective,
  GraphQLInt,
  GraphQLList,
  type GraphQLNamedType,
  GraphQLNonNull,
  type GraphQLObjectType,
  type GraphQLSchema,
  GraphQLString,
  isAbstractType,
  isObjectType,
  specifiedDirectives,
} from 'graphql'
import { maxPageSize, usualPage } from '../chat/conversation/page.ts'

// Both as in https://ibm.github.io/graphql-specs/cost-spec.html, so that a router in front counts as we do.
const cost = new GraphQLDirective({
  name: 'cost',
  description:
    'What one object of the type, or one use of the field, costs. Without it, an object costs 1 and a value nothing.',
  locations: [DirectiveLocation.OBJECT, DirectiveLocation.FIELD_DEFINITION],
  args: { weight: { type: new GraphQLNonNull(GraphQLString), description: 'A decimal number.' } },
})

const names = new GraphQLList(new GraphQLNonNull(GraphQLString))

const listSize = new GraphQLDirective({
  name: 'listSize',
  description: 'How many items a list has at most, by which the cost of one of them is multiplied.',
  locations: [DirectiveLocation.FIELD_DEFINITION],
  args: {
    assumedSize: { type: GraphQLInt, description: 'Where no argument says how many.' },
    slicingArguments: { type: names, description: 'The arguments that say how many; of a list, its length.' },
    sizedFields: { type: names, description: 'Of a connection: its fields that have so many items.' },
    requireOneSlicingArgument: {
      type: GraphQLBoolean,
      defaultValue: true,
      description: 'Whether one has to be given.',
    },
  },
})

/** All that the schema has. */
export const directives = [...specifiedDirectives, cost, listSize]

/** The `extensions` of a field or a type. Pothos keeps them; the admission and the printed schema read them. */
export interface Applied extends Record<string, unknown> {
  directives: { cost?: { weight: string }; listSize?: ListSize }
  /** Above it the field refuses the argument by itself, with a better error, so that no more items are counted. */
  maxListSize?: number
}

interface ListSize {
  assumedSize?: number
  slicingArguments?: string[]
  sizedFields?: string[]
  requireOneSlicingArgument?: boolean
}

/** For a type whose objects are read together with the object that they belong to. */
export const part: Applied = { directives: { cost: { weight: '0.1' } } }

/** Of one object. */
export function weightOf({ extensions }: GraphQLObjectType): number {
  const { directives }: Partial<Applied> = extensions
  return Number(directives?.cost?.weight ?? 1)
}

/** The types that an object of this type can have. */
export function objectTypesOf(schema: GraphQLSchema, type: GraphQLNamedType): readonly GraphQLObjectType[] {
  if (isAbstractType(type)) return schema.getPossibleTypes(type)
  return isObjectType(type) ? [type] : []
}

export function weighs(weight: number): Applied {
  return { directives: { cost: { weight: String(weight) } } }
}

/** A list without a page size, and how long it can be. */
export function atMost(assumedSize: number): Applied {
  return { directives: { listSize: { assumedSize } } }
}

/** A connection whose pages are as long as one of these arguments says. */
export function pagedBy(...slicingArguments: string[]): Applied {
  const listSize = {
    assumedSize: usualPage,
    slicingArguments,
    sizedFields: ['edges'],
    requireOneSlicingArgument: false,
  }
  return { directives: { listSize }, maxListSize: maxPageSize }
}

/** A list that has an item for each of an argument's. */
export function sizedBy(argument: string, maxListSize: number): Applied {
  return { directives: { listSize: { slicingArguments: [argument] } }, maxListSize }
}
