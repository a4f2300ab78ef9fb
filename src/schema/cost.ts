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

// Both directives are those of https://ibm.github.io/graphql-specs/cost-spec.html, so that a router in front counts the same
// cost.
const cost = new GraphQLDirective({
  name: 'cost',
  description:
    'The cost of one object of the type, or of one use of the field. Without it, an object costs 1 and a scalar value nothing.',
  locations: [DirectiveLocation.OBJECT, DirectiveLocation.FIELD_DEFINITION],
  args: { weight: { type: new GraphQLNonNull(GraphQLString), description: 'A decimal number.' } },
})

const names = new GraphQLList(new GraphQLNonNull(GraphQLString))

const listSize = new GraphQLDirective({
  name: 'listSize',
  description: 'The maximum number of items of a list. The cost of one item is multiplied by it.',
  locations: [DirectiveLocation.FIELD_DEFINITION],
  args: {
    assumedSize: { type: GraphQLInt, description: 'The number of items if no argument sets it.' },
    slicingArguments: {
      type: names,
      description: 'The arguments that set the number of items; for an argument that is a list, its length counts.',
    },
    sizedFields: { type: names, description: 'For a connection: its fields that have this number of items.' },
    requireOneSlicingArgument: {
      type: GraphQLBoolean,
      defaultValue: true,
      description: 'Whether one of the arguments is required.',
    },
  },
})

/** All directives of the schema. */
export const directives = [...specifiedDirectives, cost, listSize]

/** The `extensions` of a field or a type. Pothos keeps them; the admission and the printed schema read them. */
export interface Applied extends Record<string, unknown> {
  directives: { cost?: { weight: string }; listSize?: ListSize }
  /** A larger argument is counted as this size, because the field refuses it with a better error. */
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

/** The weight of one object. */
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

/** A list without a page size, which has at most this number of items. */
export function atMost(assumedSize: number): Applied {
  return { directives: { listSize: { assumedSize } } }
}

/** A connection whose page size is set by one of these arguments. */
export function pagedBy(...slicingArguments: string[]): Applied {
  const listSize = {
    assumedSize: usualPage,
    slicingArguments,
    sizedFields: ['edges'],
    requireOneSlicingArgument: false,
  }
  return { directives: { listSize }, maxListSize: maxPageSize }
}

/** A list that has one item for each item of an argument. */
export function sizedBy(argument: string, maxListSize: number): Applied {
  return { directives: { listSize: { slicingArguments: [argument] } }, maxListSize }
}
