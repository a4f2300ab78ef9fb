import {
  BREAK,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type FragmentSpreadNode,
  type GraphQLAbstractType,
  GraphQLIncludeDirective,
  type GraphQLLeafType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  GraphQLSkipDirective,
  getArgumentValues,
  getDirectiveValues,
  type InlineFragmentNode,
  isAbstractType,
  isEnumType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  TypeNameMetaFieldDef,
  typeFromAST,
  visit,
} from 'graphql'
import { createMeter, isDirect, type Metered } from './metered.ts'

/**
 * Writes the data of one result as JSON, without an execution. Returns null if an execution is needed, because a field needs
 * more than its parent and its arguments, or because the result has an error.
 */
export type WriteData = (rootValue: unknown) => string | null

interface Compiling {
  schema: GraphQLSchema
  operation: OperationDefinitionNode
  fragments: ReadonlyMap<string, FragmentDefinitionNode>
  variables: Record<string, unknown>
}

/** The field nodes of one response key. */
type Nodes = [FieldNode, ...FieldNode[]]

/** Throws `needsExecution`, or the error that a resolver throws. */
type Write = (value: unknown, context: Metered) => string

// All refusals use the same error, because nobody reads its stack trace.
const needsExecution = new Error('This value needs an execution.')

function refuse(): never {
  throw needsExecution
}

/**
 * Compiles the selection of a subscription. `variables` must be coerced. The budget applies to each result, as in
 * `executeWithin`.
 */
export function compileSelection(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Record<string, unknown>,
  budget: number,
): WriteData {
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition)
  }
  const root = schema.getRootType(operation.operation)
  const compiling = { schema, operation, fragments, variables }
  const write = root ? objectWriter(compiling, root, [operation.selectionSet], sharedWriter) : refuse
  return (rootValue) => {
    try {
      return write(rootValue, { meter: createMeter(budget) })
    } catch {
      // The execution that follows finds the same error, and reports it with its position in the document.
      return null
    }
  }
}

/** The maximum number of characters of a text that is kept for the next viewer. */
const maxSharedLength = 16_384

/**
 * The writers of the root fields, by subscription, which has only one root field. While the admission keeps a document, its
 * writer is kept.
 */
const sharedWriters = new WeakMap<OperationDefinitionNode, Write>()

/**
 * A selection without variables has one writer for all viewers who send the same document. If they get the same value one after
 * another, as the viewers of an answer do, they share its text.
 */
function sharedWriter(compiling: Compiling, type: GraphQLOutputType, nodes: Nodes): Write {
  const known = sharedWriters.get(compiling.operation)
  if (known) return known
  const write = writerOf(compiling, type, nodes)
  if (write === refuse || hasVariables(compiling, nodes)) return write
  let last = { value: {} as unknown, text: '' }
  const share: Write = (value, context) => {
    if (last.value === value) return last.text
    const text = write(value, context)
    if (text.length <= maxSharedLength) last = { value, text }
    return text
  }
  sharedWriters.set(compiling.operation, share)
  return share
}

function hasVariables({ fragments }: Compiling, nodes: Nodes): boolean {
  let found = false
  const visitor = {
    Variable() {
      found = true
      return BREAK
    },
  }
  const sets = nodes.flatMap(({ selectionSet }) => selectionSet ?? [])
  for (const node of [...sets, ...fragments.values()]) visit(node, visitor)
  return found
}

function objectWriter(
  compiling: Compiling,
  type: GraphQLObjectType,
  sets: readonly SelectionSetNode[],
  valueWriter = writerOf,
): Write {
  const nodes = new Map<string, Nodes>()
  const seen = new Set<string>()
  for (const set of sets) collectFields(compiling, type, set, nodes, seen)
  const parts = [...nodes].map(([key, fieldNodes]) => fieldWriter(compiling, type, key, fieldNodes, valueWriter))
  if (type.isTypeOf || parts.includes(refuse)) return refuse
  const [first, ...others] = parts
  if (first === undefined) return () => '{}'
  return (value, context) => {
    let text = `{${first(value, context)}`
    for (const part of others) text += `,${part(value, context)}`
    return `${text}}`
  }
}

/**
 * Collects the fields in the order in which an execution returns them. https://spec.graphql.org/September2025/#CollectFields()
 */
function collectFields(
  compiling: Compiling,
  type: GraphQLObjectType,
  set: SelectionSetNode,
  nodes: Map<string, Nodes>,
  seen: Set<string>,
): void {
  for (const selection of set.selections) {
    if (isLeftOut(compiling, selection)) continue
    if (selection.kind === Kind.FIELD) {
      const key = (selection.alias ?? selection.name).value
      const known = nodes.get(key)
      if (known) known.push(selection)
      else nodes.set(key, [selection])
      continue
    }
    const fragment = fragmentOf(compiling, selection, seen)
    if (fragment && applies(compiling, fragment, type)) {
      collectFields(compiling, type, fragment.selectionSet, nodes, seen)
    }
  }
}

function isLeftOut({ variables }: Compiling, selection: SelectionNode): boolean {
  if (!selection.directives?.length) return false
  const skip = getDirectiveValues(GraphQLSkipDirective, selection, variables)
  const include = getDirectiveValues(GraphQLIncludeDirective, selection, variables)
  return skip?.['if'] === true || include?.['if'] === false
}

type Fragment = InlineFragmentNode | FragmentDefinitionNode

/** Returns undefined for a fragment that was already spread in this selection. */
function fragmentOf(
  { fragments }: Compiling,
  selection: InlineFragmentNode | FragmentSpreadNode,
  seen: Set<string>,
): Fragment | undefined {
  if (selection.kind === Kind.INLINE_FRAGMENT) return selection
  const name = selection.name.value
  if (seen.has(name)) return undefined
  seen.add(name)
  return fragments.get(name)
}

function applies({ schema }: Compiling, { typeCondition }: Fragment, type: GraphQLObjectType): boolean {
  if (!typeCondition) return true
  const condition = typeFromAST(schema, typeCondition)
  return condition === type || (isAbstractType(condition) && schema.isSubType(condition, type))
}

function fieldWriter(
  compiling: Compiling,
  parent: GraphQLObjectType,
  key: string,
  nodes: Nodes,
  valueWriter = writerOf,
): Write {
  const [node] = nodes
  const name = JSON.stringify(key)
  if (node.name.value === TypeNameMetaFieldDef.name) {
    const text = `${name}:${JSON.stringify(parent.name)}`
    return () => text
  }
  const field = parent.getFields()[node.name.value]
  const resolve = field?.resolve
  if (!resolve || !isDirect(resolve)) return refuse
  const write = valueWriter(compiling, field.type, nodes)
  if (write === refuse) return refuse
  const values = getArgumentValues(field, node, compiling.variables)
  // A direct resolver reads no other field, and only graphql-js's default resolver reads this one.
  const info = { fieldName: field.name } as GraphQLResolveInfo
  return (value, context) => `${name}:${write(resolve(value, values, context, info), context)}`
}

function writerOf(compiling: Compiling, type: GraphQLOutputType, nodes: Nodes): Write {
  if (isNonNullType(type)) return presentWriter(compiling, type.ofType, nodes)
  const write = presentWriter(compiling, type, nodes)
  if (write === refuse) return refuse
  return (value, context) => (value === null || value === undefined ? 'null' : write(value, context))
}

/** Returns the writer of a value that must not be null. If it is null, the result has an error. */
function presentWriter(compiling: Compiling, type: GraphQLOutputType, nodes: Nodes): Write {
  if (isListType(type)) return listWriter(writerOf(compiling, type.ofType, nodes))
  if (isLeafType(type)) return leafWriter(type)
  const sets = nodes.flatMap(({ selectionSet }) => selectionSet ?? [])
  if (isObjectType(type)) return objectWriter(compiling, type, sets)
  return isAbstractType(type) ? abstractWriter(compiling, type, sets) : refuse
}

function listWriter(write: Write): Write {
  if (write === refuse) return refuse
  return (list, context) => {
    if (!Array.isArray(list)) refuse()
    let text = ''
    for (const item of list) text += text === '' ? write(item, context) : `,${write(item, context)}`
    return `[${text}]`
  }
}

const noInfo = {} as GraphQLResolveInfo

/** Each type is compiled when it first occurs, so that a type that needs an execution does not affect the other types. */
function abstractWriter(compiling: Compiling, type: GraphQLAbstractType, sets: readonly SelectionSetNode[]): Write {
  const writers = new Map<unknown, Write>()

  function compile(name: unknown): Write {
    const found = typeof name === 'string' ? compiling.schema.getType(name) : undefined
    const write = isObjectType(found) ? objectWriter(compiling, found, sets) : refuse
    writers.set(name, write)
    return write
  }

  return (value, context) => {
    const name = type.resolveType?.(value, context, noInfo, type)
    return (writers.get(name) ?? compile(name))(value, context)
  }
}

function leafWriter(type: GraphQLLeafType): Write {
  if (isEnumType(type)) return (value) => `"${type.serialize(value) ?? refuse()}"`
  return (value) => {
    if (value === null || value === undefined) refuse()
    return JSON.stringify(type.serialize(value) ?? refuse()) ?? refuse()
  }
}
