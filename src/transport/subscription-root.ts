import type { DocumentNode, FragmentDefinitionNode, SelectionSetNode } from 'graphql'
import { Kind } from 'graphql'

const conditions = ['skip', 'include']
const refusal = 'The root field of a subscription, and the fragments around it, take neither @skip nor @include.'

/**
 * Says what is wrong with the root of a subscription, or null: one whose field may be left out has no source, and
 * graphql-js, which reads these directives there before it knows the variables, throws.
 * https://spec.graphql.org/September2025/#sec-Single-Root-Field
 */
export function conditionalRoot({ definitions }: DocumentNode): string | null {
  const unread = new Map<string, FragmentDefinitionNode>()
  for (const definition of definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) unread.set(definition.name.value, definition)
  }

  function fragment(name: string): SelectionSetNode | undefined {
    const found = unread.get(name)
    // Once each: what is refused at all is refused at the first reading, and a circle ends.
    unread.delete(name)
    return found?.selectionSet
  }

  function isConditional(set: SelectionSetNode | undefined): boolean {
    return (set?.selections ?? []).some((selection) => {
      if (selection.directives?.some(({ name }) => conditions.includes(name.value))) return true
      if (selection.kind === Kind.FIELD) return false
      return isConditional(
        selection.kind === Kind.INLINE_FRAGMENT ? selection.selectionSet : fragment(selection.name.value),
      )
    })
  }

  const isRefused = definitions.some(
    (definition) =>
      definition.kind === Kind.OPERATION_DEFINITION &&
      definition.operation === 'subscription' &&
      isConditional(definition.selectionSet),
  )
  return isRefused ? refusal : null
}
