import type { SignIn } from '../auth/sign-in.ts'
import type { HttpPlugin } from './http-context.ts'

/** Finds out who is asking, before anything else is read of the request. */
export function createSignInPlugin(signIn: SignIn): HttpPlugin {
  return {
    async onRequestParse({ serverContext }) {
      // Not request.headers, where an empty header can look like none.
      serverContext.identity = await signIn(serverContext.req.headers.authorization ?? null)
    },
  }
}
