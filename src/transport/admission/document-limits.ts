import type { DocumentNode, FragmentDefinitionNode, SelectionSetNode } from 'graphql'
import { Kind, Lexer, Source, TokenKind } from 'graphql'

interface Size {
  depth: number
  /** Counted with fragments expanded. */
  fields: number
}

const maxDepth = 16
const maxFields = 500
const maxMutations = 20
// Deep enough for any JSON Schema, and far below the depth at which the parser overflows the stack.
const maxNesting = 200

const opening: string[] = [TokenKind.BRACKET_L, TokenKind.BRACE_L, TokenKind.PAREN_L]
const closing: string[] = [TokenKind.BRACKET_R, TokenKind.BRACE_R, TokenKind.PAREN_R]

/**
 * Counts the nesting of the document's brackets. It must run before the parser, which recurses once for each of them. Throws
 * GraphQLError if the document has an invalid token.
 */
export function isTooNested(query: string, maxTokens: number): boolean {
  const lexer = new Lexer(new Source(query))
  let depth = 0
  for (let tokens = 0; tokens < maxTokens; tokens++) {
    const { kind } = lexer.advance()
    if (kind === TokenKind.EOF) return false
    if (opening.includes(kind)) depth += 1
    else if (closing.includes(kind)) depth -= 1
    if (depth > maxNesting) return true
  }
  return false
}

/**
 * Returns what is too large about a document, or null. It runs before validation, because some rules of validation take time
 * that grows with the square of the number of fields.
 */
export function overLimit(document: DocumentNode): string | null {
  const { depth, fields } = measure(document)
  if (depth > maxDepth) return `The document is nested more than ${maxDepth} levels deep.`
  if (fields > maxFields) return `The document selects more than ${maxFields} fields.`
  return null
}

/** Returns an error message if a valid document has too many mutations, which run one after the other; else null. */
export function crowdedMutation(document: DocumentNode): string | null {
  const fragments = fragmentsOf(document)
  const countIn = (set: SelectionSetNode | undefined): number =>
    (set?.selections ?? []).reduce((sum, selection) => {
      if (selection.kind === Kind.FIELD) return sum + 1
      const inner = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value)
      return sum + countIn(inner?.selectionSet)
    }, 0)
  const counts = document.definitions.map((definition) =>
    definition.kind === Kind.OPERATION_DEFINITION && definition.operation === 'mutation'
      ? countIn(definition.selectionSet)
      : 0,
  )
  const count = Math.max(...counts)
  return count > maxMutations
    ? `One operation may have up to ${maxMutations} mutations, and this one has ${count}.`
    : null
}

export function fragmentsOf(document: DocumentNode): Map<string, FragmentDefinitionNode> {
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition)
  }
  return fragments
}

function measure(document: DocumentNode): Size {
  const fragments = fragmentsOf(document)
  const measured = new Map<string, Size>()

  function sizeOfFragment(name: string): Size {
    const known = measured.get(name)
    if (known) return known
    // A cycle ends at this zero. Validation refuses it afterwards with a better message.
    measured.set(name, { depth: 0, fields: 0 })
    const fragment = fragments.get(name)
    const size = fragment ? sizeOf(fragment.selectionSet) : { depth: 0, fields: 0 }
    measured.set(name, size)
    return size
  }

  function sizeOf(set: SelectionSetNode): Size {
    let depth = 0
    let fields = 0
    for (const selection of set.selections) {
      const own = selection.kind === Kind.FIELD ? 1 : 0
      const inner =
        selection.kind === Kind.FRAGMENT_SPREAD
          ? sizeOfFragment(selection.name.value)
          : selection.selectionSet
            ? sizeOf(selection.selectionSet)
            : { depth: 0, fields: 0 }
      depth = Math.max(depth, own + inner.depth)
      fields += own + inner.fields
    }
    return { depth, fields }
  }

  const roots = document.definitions.map((definition) =>
    'selectionSet' in definition && definition.selectionSet ? sizeOf(definition.selectionSet) : { depth: 0, fields: 0 },
  )
  return {
    depth: Math.max(0, ...roots.map((root) => root.depth)),
    fields: roots.reduce((sum, root) => sum + root.fields, 0),
  }
}
