import type {
  ArgumentNode,
  DocumentNode,
  FragmentDefinitionNode,
  OperationDefinitionNode,
  SelectionNode,
  SelectionSetNode,
  ValueNode,
} from 'graphql'
import { Kind } from 'graphql'
import { byteSize } from '../../chat/access/byte-size.ts'

/** For one operation. It is the size of the largest request, so only variables that are used repeatedly can exceed it. */
export const maxArgumentBytes = 1024 * 1024

const sum = <Item>(items: readonly Item[] | undefined, bytesOf: (item: Item) => number) =>
  (items ?? []).reduce((total, item) => total + bytesOf(item), 0)

/** The bytes of all arguments of an operation, with each variable and each fragment counted as often as it is used. */
export function argumentBytes(
  { definitions }: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Record<string, unknown> | undefined,
): number {
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const definition of definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition)
  }
  const ofVariable = remembered((name) => {
    const given = variables?.[name]
    if (given !== undefined) return byteSize(given)
    const definition = operation.variableDefinitions?.find(({ variable }) => variable.name.value === name)
    return definition?.defaultValue ? ofValue(definition.defaultValue) : 0
  })
  // Validation has already refused cycles of fragments.
  const ofFragment = remembered((name) => ofSelections(fragments.get(name)?.selectionSet))

  function ofValue(value: ValueNode): number {
    switch (value.kind) {
      case Kind.VARIABLE:
        return ofVariable(value.name.value)
      case Kind.LIST:
        return sum(value.values, ofValue)
      case Kind.OBJECT:
        return sum(value.fields, (field) => byteSize(field.name.value) + ofValue(field.value))
      case Kind.NULL:
        return 1
      default:
        return byteSize(value.value)
    }
  }

  const ofArguments = (given: readonly ArgumentNode[] | undefined) => sum(given, ({ value }) => ofValue(value))

  function ofSelection(selection: SelectionNode): number {
    const own = sum(selection.directives, (directive) => ofArguments(directive.arguments))
    if (selection.kind === Kind.FRAGMENT_SPREAD) return own + ofFragment(selection.name.value)
    const given = selection.kind === Kind.FIELD ? ofArguments(selection.arguments) : 0
    return own + given + ofSelections(selection.selectionSet)
  }

  function ofSelections(set: SelectionSetNode | undefined): number {
    return sum(set?.selections, ofSelection)
  }

  return ofSelections(operation.selectionSet)
}

function remembered(bytesOf: (name: string) => number): (name: string) => number {
  const known = new Map<string, number>()
  return (name) => {
    const bytes = known.get(name) ?? bytesOf(name)
    known.set(name, bytes)
    return bytes
  }
}
