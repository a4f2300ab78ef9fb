import type { CombinedError } from 'urql'

/** What went wrong with a request, and what to do, for a person. */
export function sentence(error: CombinedError): string {
  if (isSignedOut(error)) return 'You are not signed in. Sign in, and ask again.'
  if (error.networkError) return 'The server cannot be reached. Is it running?'
  return error.graphQLErrors[0]?.message ?? 'The server gave no answer that this page understands.'
}

// Of a subscription, the socket says so as it closes.
export function isSignedOut({ graphQLErrors, networkError }: CombinedError): boolean {
  const isRefused = networkError !== undefined && 'code' in networkError && networkError.code === 4401
  return isRefused || graphQLErrors.some(({ extensions }) => extensions['code'] === 'UNAUTHENTICATED')
}
