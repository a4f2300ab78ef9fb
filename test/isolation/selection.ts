import {
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isInterfaceType,
  isLeafType,
  isObjectType,
  isRequiredArgument,
} from 'graphql'

// By itself, with time: so no two answers need to have the same bytes.
const changing = ['User.quota', 'Conversation.presence']

/**
 * All that can be asked of a type: its values, what they are made of, and the nodes that they lead to, so many of them
 * deep. Fields are called after their types, as members of one union may use a name for two types.
 */
export function selectionOf(schema: GraphQLSchema, type: GraphQLNamedType, depth: number): string {
  if (isLeafType(type)) return ''
  if (isAbstractType(type)) {
    const members = schema.getPossibleTypes(type)
    const inMembers = members.map((member) => `... on ${member.name} ${selectionOf(schema, member, depth)}`)
    return `{ __typename ${inMembers.join(' ')} }`
  }
  if (!isObjectType(type)) throw new Error(`${type.name} has no fields`)
  const fields = Object.values(type.getFields()).flatMap((field) => selectionOfField(schema, type, field, depth))
  return `{ __typename ${fields.join(' ')} }`
}

function selectionOfField(
  schema: GraphQLSchema,
  type: GraphQLObjectType,
  field: GraphQLField<unknown, unknown>,
  depth: number,
): string[] {
  const place = `${type.name}.${field.name}`
  if (field.args.some(isRequiredArgument) || changing.includes(place)) return []
  const named = getNamedType(field.type)
  const name = `${type.name}_${field.name}: ${field.name}`
  if (isLeafType(named)) return [name]
  const left = isNode(named) ? depth - 1 : depth
  if (left < 0) return [`${name} { __typename }`]
  return [`${name} ${selectionOf(schema, named, left)}`]
}

/** Everything else ends before it comes back to itself, unless by a node. */
function isNode(type: GraphQLNamedType): boolean {
  return isObjectType(type) && type.getInterfaces().some((parent) => isInterfaceType(parent) && parent.name === 'Node')
}
