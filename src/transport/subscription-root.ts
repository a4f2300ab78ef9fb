import type { DocumentNode, FragmentDefinitionNode, SelectionSetNode } from 'graphql'
import { Kind } from 'graphql'

const conditions = ['skip', 'include']
const refusal = 'The root field of a subscription, and the fragments around it, must not have @skip or @include.'

/**
 * Returns what is wrong with the root of a subscription, or null. A root field that may be left out has no source, and
 * graphql-js throws, because it reads these directives before it knows the variables.
 * https://spec.graphql.org/September2025/#sec-Single-Root-Field
 */
export function conditionalRoot({ definitions }: DocumentNode): string | null {
  const unread = new Map<string, FragmentDefinitionNode>()
  for (const definition of definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) unread.set(definition.name.value, definition)
  }

  function fragment(name: string): SelectionSetNode | undefined {
    const found = unread.get(name)
    // Each fragment is visited once, which is enough to find a violation and ends a cycle.
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
