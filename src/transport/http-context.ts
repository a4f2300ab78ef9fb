import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Plugin } from 'graphql-yoga'
import type { Identity } from '../auth/sign-in.ts'
import type { Admitted } from './admission/admission.ts'

/** What is known of an HTTP request, each part from the plugin that finds it out. */
export interface HttpContext extends Record<string, unknown> {
  req: IncomingMessage
  res: ServerResponse
  identity: Identity
  admitted: Admitted
}

export type HttpPlugin = Plugin<HttpContext, HttpContext>
