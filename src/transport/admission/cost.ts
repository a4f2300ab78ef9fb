import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isAbstractType,
  isIntrospectionType,
  isLeafType,
  isListType,
  Kind,
  type OperationDefinitionNode,
  SchemaMetaFieldDef,
  type SelectionNode,
  type SelectionSetNode,
  TypeMetaFieldDef,
  TypeNameMetaFieldDef,
  typeFromAST,
  type ValueNode,
} from 'graphql'
import { objectTypesOf, weightOf } from '../../schema/cost.ts'
import { fragmentsOf } from './document-limits.ts'

/** The schema's `@cost` and `@listSize`, in the form in which Pothos and graphql-js keep them. */
interface Declared {
  directives?: {
    cost?: { weight: string }
    listSize?: { assumedSize?: number; slicingArguments?: readonly string[]; sizedFields?: readonly string[] }
  }
  /** The largest page that the field accepts. */
  maxListSize?: number
}

/** The schema, fragments and variables with which an operation is counted. */
interface Counting {
  schema: GraphQLSchema
  fragments: ReadonlyMap<string, FragmentDefinitionNode>
  variables: Readonly<Record<string, unknown>>
}

/** The fields of a connection that have as many items as its page. */
interface Sized {
  fields: readonly string[]
  size: number
}

// Introspection reads only memory. Its lists count with their average length in this schema, or with 1 if none is listed here.
// The error cannot grow large, because graphql-js refuses documents that nest these lists three times.
const introspectionSizes: Record<string, number> = { types: 130, directives: 10, fields: 3 }
const introspectionWeight = 0.25

/**
 * The cost of a valid operation, or of one event of a subscription: the maximum number of objects in its result, multiplied by
 * their weights, plus the weights of its fields. The time is linear in the number of fields, with fragments expanded.
 */
export function costOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  given: Readonly<Record<string, unknown>>,
): number {
  const root = schema.getRootType(operation.operation)
  if (!root) return 0
  const counting = { schema, fragments: fragmentsOf(document), variables: { ...defaultsOf(operation), ...given } }
  return Math.ceil(costOfSet(counting, operation.selectionSet, root, null))
}

function defaultsOf({ variableDefinitions = [] }: OperationDefinitionNode): Record<string, unknown> {
  return Object.fromEntries(
    variableDefinitions.flatMap(({ variable, defaultValue }) =>
      defaultValue ? [[variable.name.value, readValue(defaultValue, {})]] : [],
    ),
  )
}

function costOfSet(counting: Counting, set: SelectionSetNode, type: GraphQLObjectType, sized: Sized | null): number {
  let cost = 0
  for (const selection of set.selections) {
    if (isLeftOut(selection, counting)) continue
    if (selection.kind === Kind.FIELD) {
      cost += costOfField(counting, selection, type, sized)
      continue
    }
    const inner = selection.kind === Kind.INLINE_FRAGMENT ? selection : counting.fragments.get(selection.name.value)
    if (inner && applies(counting.schema, inner, type)) cost += costOfSet(counting, inner.selectionSet, type, sized)
  }
  return saturated(cost)
}

function costOfField(counting: Counting, node: FieldNode, parent: GraphQLObjectType, sized: Sized | null): number {
  const field = fieldOf(parent, node.name.value)
  if (!field) return 0
  const { directives = {} }: Declared = field.extensions
  const ownWeight = Number(directives.cost?.weight ?? 0)
  const set = node.selectionSet
  if (!set || isLeafType(getNamedType(field.type))) return ownWeight
  const size = sizeOf(counting, node, field)
  const isList = isListType(getNullableType(field.type))
  const count = !isList ? 1 : sized?.fields.includes(field.name) ? sized.size : size
  const inner = directives.listSize?.sizedFields ? { fields: directives.listSize.sizedFields, size } : null
  // An object in the result has only one of the possible types.
  const costs = objectTypesOf(counting.schema, getNamedType(field.type)).map(
    (type) => objectWeight(type) + costOfSet(counting, set, type, inner),
  )
  return saturated(ownWeight + count * Math.max(0, ...costs))
}

function sizeOf(
  counting: Counting,
  { arguments: given = [] }: FieldNode,
  field: GraphQLField<unknown, unknown>,
): number {
  const { directives = {}, maxListSize = Number.MAX_SAFE_INTEGER }: Declared = field.extensions
  const { slicingArguments = [], assumedSize = introspectionSizes[field.name] ?? 1 } = directives.listSize ?? {}
  const sizes = given
    .filter(({ name }) => slicingArguments.includes(name.value))
    .map(({ value }) => sizeIn(readValue(value, counting.variables)))
    .filter((size) => size !== null)
  return sizes.length === 0 ? assumedSize : Math.min(Math.max(0, ...sizes), maxListSize)
}

/** null if the argument is absent or has a wrong type, for which the operation is refused before anything runs. */
function sizeIn(value: unknown): number | null {
  if (Array.isArray(value)) return value.length
  if (typeof value === 'string') return 1
  return Number.isInteger(value) ? Number(value) : null
}

/** The value of an argument, as far as page sizes and conditions need it. */
function readValue(node: ValueNode, variables: Readonly<Record<string, unknown>>): unknown {
  switch (node.kind) {
    case Kind.VARIABLE:
      return Object.hasOwn(variables, node.name.value) ? variables[node.name.value] : null
    case Kind.INT:
      return Number(node.value)
    case Kind.LIST:
      return node.values
    case Kind.STRING:
    case Kind.BOOLEAN:
      return node.value
    default:
      return null
  }
}

function isLeftOut({ directives = [] }: SelectionNode, { variables }: Counting): boolean {
  return directives.some(({ name, arguments: [condition] = [] }) => {
    const value = condition && readValue(condition.value, variables)
    return name.value === 'skip' ? value === true : name.value === 'include' && value === false
  })
}

function applies(
  schema: GraphQLSchema,
  { typeCondition }: { typeCondition?: FragmentDefinitionNode['typeCondition'] | undefined },
  type: GraphQLObjectType,
): boolean {
  const condition = typeCondition ? typeFromAST(schema, typeCondition) : type
  return condition === type || (isAbstractType(condition) && schema.isSubType(condition, type))
}

function fieldOf(parent: GraphQLObjectType, name: string) {
  const meta = [SchemaMetaFieldDef, TypeMetaFieldDef, TypeNameMetaFieldDef].find((field) => field.name === name)
  return meta ?? parent.getFields()[name]
}

const objectWeight = (type: GraphQLObjectType) => (isIntrospectionType(type) ? introspectionWeight : weightOf(type))

/** Infinity is avoided, because JSON cannot express it, and zero times Infinity is not a number. */
function saturated(cost: number): number {
  return Math.min(cost, Number.MAX_SAFE_INTEGER)
}
