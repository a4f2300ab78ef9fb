import type { IncomingMessage, ServerResponse } from 'node:http'
import { isAsyncIterable } from 'graphql-yoga'
import type { SignIn } from '../auth/sign-in.ts'
import type { HttpPlugin } from './http-context.ts'

/** Finds out who is asking, before anything else is read of the request. */
export function createSignInPlugin(signIn: SignIn): HttpPlugin {
  return {
    async onRequestParse({ serverContext }) {
      serverContext.identity = await signIn.identify(authorizationOf(serverContext.req))
    },
    onResultProcess({ result, serverContext: { identity, res } }) {
      if (isAsyncIterable(result) && !res.destroyed) cutAtEnd(res, (onEnd) => signIn.watch(identity, onEnd))
    },
  }
}

/** As it was sent: of node's other views, one takes an empty header for none, and one hides all but the first. */
export function authorizationOf({ headersDistinct }: IncomingMessage): string | null {
  const [first = null, ...others] = headersDistinct['authorization'] ?? []
  // Where there are two, whoever stands before this server may have checked the other one.
  return others.length > 0 ? '' : first
}

// Without the event that completes a stream, so that the client knows that there was more.
function cutAtEnd(response: ServerResponse, watch: (onEnd: () => void) => () => void): void {
  const unwatch = watch(() => response.destroy())
  response.once('close', unwatch)
}
