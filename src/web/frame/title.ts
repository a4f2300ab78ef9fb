import { nodesOf } from '../connection/nodes.ts'
import { graphql } from '../generated/gql.ts'
import type { TitleFieldsFragment } from '../generated/graphql.ts'

graphql(`
  fragment TitleFields on Conversation {
    title
    beginning: messages(first: 2) {
      edges { node { id role content } }
    }
  }
`)

const maxCharacters = 80

/** The title or, until there is one, the first words of the first question. */
export function titleOf({ title, beginning }: TitleFieldsFragment): string {
  if (title) return title
  const question = nodesOf(beginning.edges).find(({ role }) => role === 'USER')?.content
  const words = question?.trim().replace(/\s+/g, ' ')
  if (!words) return 'New conversation'
  return words.length > maxCharacters ? `${words.slice(0, maxCharacters).trimEnd()}…` : words
}
