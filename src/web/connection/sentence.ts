import type { CombinedError } from 'urql'

/** Tells a person what went wrong with a request, and what to do. */
export function sentence(error: CombinedError): string {
  if (isSignedOut(error)) return 'You are not signed in. Sign in, and ask again.'
  if (error.networkError) return 'The server cannot be reached. Is it running?'
  return error.graphQLErrors[0]?.message ?? 'The server gave no answer that this page understands.'
}

// For a subscription, the code with which the socket is closed says so.
export function isSignedOut({ graphQLErrors, networkError }: CombinedError): boolean {
  const isRefused = networkError !== undefined && 'code' in networkError && networkError.code === 4401
  return isRefused || graphQLErrors.some(({ extensions }) => extensions['code'] === 'UNAUTHENTICATED')
}
