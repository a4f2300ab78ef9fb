import type { IncomingMessage, ServerResponse } from 'node:http'
import { isAsyncIterable } from 'graphql-yoga'
import type { SignIn } from '../auth/sign-in.ts'
import type { HttpPlugin } from './http-context.ts'

/** Identifies the client before anything else of the request is read. */
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

/** Reads the raw header: Node's other ways to read it treat an empty header as a missing one, or hide all but the first. */
export function authorizationOf({ headersDistinct }: IncomingMessage): string | null {
  const [first = null, ...others] = headersDistinct['authorization'] ?? []
  // With two headers, a proxy before this server may have checked the other one.
  return others.length > 0 ? '' : first
}

// The stream is cut without its `complete` event, so that the client knows that there was more.
export function cutAtEnd(response: ServerResponse, watch: (onEnd: () => void) => () => void): void {
  const unwatch = watch(() => response.destroy())
  response.once('close', unwatch)
}
