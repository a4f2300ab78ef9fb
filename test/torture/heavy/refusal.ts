import type { GraphQLFormattedError } from 'graphql'

/** The codes of the errors that came, as one word where there is one. */
export function codesIn({ errors = [] }: { errors?: readonly GraphQLFormattedError[] }): string {
  return errors.map(({ extensions }) => extensions?.['code']).join()
}
