import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Plugin } from 'graphql-yoga'
import type { Identity } from '../auth/sign-in.ts'
import type { Admitted } from './admission/admission.ts'

/** What the plugins have found out about an HTTP request. Each plugin sets its own part. */
export interface HttpContext extends Record<string, unknown> {
  req: IncomingMessage
  res: ServerResponse
  identity: Identity
  admitted: Admitted
}

export type HttpPlugin = Plugin<HttpContext, HttpContext>
