import type { CombinedError } from 'urql'

/** What went wrong with a request, for a person. */
export function sentence(error: CombinedError): string {
  if (error.networkError) return 'The server cannot be reached. Is it running?'
  return error.graphQLErrors[0]?.message ?? 'The server gave no answer that this page understands.'
}
