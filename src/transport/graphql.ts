import type { IncomingMessage, ServerResponse } from 'node:http'
import type { GraphQLSchema } from 'graphql'
import { createYoga } from 'graphql-yoga'
import type { SignIn } from '../auth/sign-in.ts'
import { acceptPlugin } from './accept.ts'
import type { Admit } from './admission/admission.ts'
import { createAdmissionPlugin } from './admission/admitted.ts'
import { clientSignal } from './client-signal.ts'
import type { ToClientError } from './error.ts'
import { eventStreamPlugin } from './event-stream.ts'
import type { HttpContext, HttpPlugin } from './http-context.ts'
import type { CreateContext, RunOperation } from './operation.ts'
import { ownOrigin } from './origin.ts'
import { parametersPlugin } from './parameters.ts'
import { createSignInPlugin } from './sign-in.ts'
import { statusPlugin } from './status.ts'

export interface GraphqlParts {
  admit: Admit
  signIn: SignIn
  createContext: CreateContext
  runOperation: RunOperation
  toClientError: ToClientError
}

/** GraphQL over HTTP: POST, GET for queries, and subscriptions as server-sent events. */
export function createGraphqlHandler(schema: GraphQLSchema, parts: GraphqlParts) {
  const { admit, signIn, createContext, runOperation, toClientError } = parts
  const engine: HttpPlugin = {
    onExecute: ({ setExecuteFn }) => setExecuteFn(runOperation),
    onSubscribe: ({ setSubscribeFn }) => setSubscribeFn(runOperation),
  }
  const yoga = createYoga<HttpContext>({
    schema,
    context: ({ identity, req, res }) => createContext(identity, clientSignal(res), ownOrigin(req)),
    maskedErrors: { maskError: (error) => toClientError(error) },
    plugins: [
      createSignInPlugin(signIn),
      parametersPlugin,
      createAdmissionPlugin(admit),
      acceptPlugin,
      engine,
      statusPlugin,
      eventStreamPlugin,
    ],
    // These features are off because the plugins above or the HTTP server replace them, or because they are not offered.
    parserAndValidationCache: false,
    maxRequestBodySize: false,
    batching: false,
    multipart: false,
    cors: false,
    graphiql: false,
    landingPage: false,
    // Yoga cannot do without a health check, so its path is one that no URL can have.
    healthCheckEndpoint: ' ',
    logging: false,
  })
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    response.setHeader('cache-control', 'no-store')
    // Yoga makes a URL of it, and if that fails it sends the stack trace to the client.
    request.headers.host = 'localhost'
    await yoga(request, response)
  }
}
