import { GraphQLError, GraphQLScalarType, Kind, type ValueNode } from 'graphql'
import { GraphQLJSON } from 'graphql-scalars'

type Variables = Record<string, unknown> | null | undefined

/** The variables are not known yet while the document is validated. */
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
      // As GraphQL has it: in a list, a variable that is not given is null; in an object, it is not there.
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

/** GraphQL has words without quotes, and JSON has none: left out, or taken for text, they would be lost or misread. */
export const JsonScalar = new GraphQLScalarType<NonNullable<unknown>, unknown>({
  ...GraphQLJSON.toConfig(),
  parseLiteral: (node, variables) => readLiteral(node, variables) as NonNullable<unknown>,
})
