import {
  astFromValue,
  type ConstDirectiveNode,
  type ConstValueNode,
  type GraphQLSchema,
  isObjectType,
  Kind,
  parse,
  print,
  printSchema,
  visit,
} from 'graphql'

const roots = 'schema { query: Query mutation: Mutation subscription: Subscription }'

/**
 * Prints a schema with its applied directives, which graphql-js leaves out: those in `extensions.directives` of object types
 * and their fields. The text is identical to what codegen prints.
 */
export function printWithDirectives(schema: GraphQLSchema): string {
  const printed = visit(parse(`${roots} ${printSchema(schema)}`, { noLocation: true }), {
    ObjectTypeDefinition(node) {
      const type = schema.getType(node.name.value)
      if (!isObjectType(type)) return undefined
      const fields = node.fields?.map((field) => ({
        ...field,
        directives: [...(field.directives ?? []), ...applied(schema, type.getFields()[field.name.value]?.extensions)],
      }))
      return { ...node, fields, directives: applied(schema, type.extensions) }
    },
  })
  return print(printed)
}

function applied(schema: GraphQLSchema, extensions: Readonly<Record<string, unknown>> = {}): ConstDirectiveNode[] {
  const directives = extensions['directives'] ?? {}
  return Object.entries(directives).map(([name, values]) => directiveNode(schema, name, values))
}

function directiveNode(schema: GraphQLSchema, name: string, values: Record<string, unknown>): ConstDirectiveNode {
  const taken = schema.getDirective(name)?.args ?? []
  const given = taken.flatMap((argument) => {
    const value = argument.name in values ? astFromValue(values[argument.name], argument.type) : null
    return value
      ? [{ kind: Kind.ARGUMENT as const, name: nameNode(argument.name), value: value as ConstValueNode }]
      : []
  })
  return { kind: Kind.DIRECTIVE, name: nameNode(name), arguments: given }
}

const nameNode = (value: string) => ({ kind: Kind.NAME as const, value })
