import { GraphQLError, GraphQLScalarType, Kind, type ValueNode } from 'graphql'
import { GraphQLJSON } from 'graphql-scalars'

type Variables = Record<string, unknown> | null | undefined

/** During the validation of a document the variables are not known yet. */
function readLiteral(node: ValueNode, variables: Variables): unknown {
  switch (node.kind) {
    case Kind.STRING:
    case Kind.BOOLEAN:
      return node.value
    case Kind.INT:
    case Kind.FLOAT:
      return Number(node.value)
    case Kind.NULL:
      return null
    case Kind.VARIABLE:
      return variables?.[node.name.value]
    case Kind.LIST:
      // As GraphQL specifies: a missing variable is null in a list, and in an object its field is absent.
      return node.values.map((item) => readLiteral(item, variables) ?? null)
    case Kind.OBJECT:
      return objectOf(node.fields.map(({ name, value }) => [name.value, readLiteral(value, variables)]))
    case Kind.ENUM:
      throw new GraphQLError(`JSON has no word ${node.value}; as a text it is written "${node.value}".`, {
        nodes: node,
      })
  }
}

function objectOf(entries: [name: string, value: unknown][]) {
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined))
}

/**
 * An enum value of GraphQL has no counterpart in JSON, so it is refused: leaving it out or reading it as a string would be
 * wrong.
 */
export const JsonScalar = new GraphQLScalarType<NonNullable<unknown>, unknown>({
  ...GraphQLJSON.toConfig(),
  parseLiteral: (node, variables) => readLiteral(node, variables) as NonNullable<unknown>,
})
