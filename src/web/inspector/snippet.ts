import { openaiSnippet } from './openai-snippet.ts'
import type { Request } from './request.ts'

export const snippetKinds = ['curl', 'fetch', 'urql', 'Apollo Client', 'openai package'] as const
export type SnippetKind = (typeof snippetKinds)[number]

/** Returns the code with which a program sends the same request; null if that API has no such request. */
export function snippetOf(kind: SnippetKind, request: Request): string | null {
  switch (kind) {
    case 'curl':
      return curlOf(request)
    case 'fetch':
      return fetchOf(request)
    case 'urql':
      return urqlOf(request)
    case 'Apollo Client':
      return apolloOf(request)
    case 'openai package':
      return openaiSnippet(request)
  }
}

export function headersOf({ kind, authorization }: Request): Record<string, string> {
  return {
    'content-type': 'application/json',
    ...(kind === 'subscription' ? { accept: 'text/event-stream' } : {}),
    ...(authorization === null ? {} : { authorization }),
  }
}

/** The address of GraphiQL with the operation, ready to be run. The credentials are in the fragment, which is not sent. */
export function graphiqlAddress({ document, variables, authorization }: Request): string {
  const handed = new URLSearchParams({ variables: JSON.stringify(variables, null, 2) })
  if (authorization !== null) handed.set('headers', JSON.stringify({ authorization }))
  return `/graphql?${new URLSearchParams({ query: document })}#${handed}`
}

function curlOf(request: Request): string {
  const headers = Object.entries(headersOf(request)).map(([name, value]) => `  -H ${quoted(`${name}: ${value}`)} \\`)
  const body = JSON.stringify({ query: request.document, variables: request.variables })
  return [`curl -sN ${quoted(request.url)} \\`, ...headers, `  -d ${quoted(body)}`].join('\n')
}

/** Quotes a text for a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

function fetchOf(request: Request): string {
  const asked = `const response = await fetch(${JSON.stringify(request.url)}, {
  method: 'POST',
  headers: ${indented(headersOf(request))},
  body: JSON.stringify({ query, variables }),
})`
  return [constants(request), asked, request.kind === 'subscription' ? readEvents : readResult].join('\n\n')
}

const readResult = `const { data, errors } = await response.json()
console.log(data, errors)`

const readEvents = `// Server-sent events: a blank line ends each.
let rest = ''
for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
  const events = (rest + chunk).split('\\n\\n')
  rest = events.pop()
  for (const event of events) {
    const data = event.split('\\n').find((line) => line.startsWith('data: '))
    if (data) console.log(JSON.parse(data.slice(6)))
  }
}`

function urqlOf(request: Request): string {
  const { url, kind } = request
  const client = `import { Client, fetchExchange } from '@urql/core'

const client = new Client({
  url: ${JSON.stringify(url)},
  preferGetMethod: false,
  exchanges: [fetchExchange],
  fetchSubscriptions: true,
  fetchOptions: { headers: ${indented(signInOf(request))} },
})`
  const call =
    kind === 'subscription'
      ? 'client.subscription(query, variables).subscribe(({ data, error }) => console.log(data, error))'
      : `const { data, error } = await client.${kind}(query, variables)\nconsole.log(data, error)`
  return [client, constants(request), call].join('\n\n')
}

function apolloOf(request: Request): string {
  const { url, kind } = request
  const isStream = kind === 'subscription'
  const link = isStream
    ? `const link = new GraphQLWsLink(createClient({
  url: ${JSON.stringify(url.replace(/^http/, 'ws'))},
  connectionParams: ${indented(signInOf(request))},
}))`
    : `const link = new HttpLink({ uri: ${JSON.stringify(url)}, headers: ${JSON.stringify(signInOf(request))} })`
  const imports = isStream
    ? `import { ApolloClient, gql, InMemoryCache } from '@apollo/client'
import { GraphQLWsLink } from '@apollo/client/link/subscriptions'
import { createClient } from 'graphql-ws'`
    : "import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client'"
  const call = {
    query: 'const { data } = await client.query({ query: gql(query), variables })\nconsole.log(data)',
    mutation: 'const { data } = await client.mutate({ mutation: gql(query), variables })\nconsole.log(data)',
    subscription: 'client.subscribe({ query: gql(query), variables }).subscribe(({ data }) => console.log(data))',
  }[kind]
  const client = `${link}\nconst client = new ApolloClient({ link, cache: new InMemoryCache() })`
  return [imports, client, constants(request), call].join('\n\n')
}

function signInOf({ authorization }: Request): Record<string, string> {
  return authorization === null ? {} : { authorization }
}

function constants({ document, variables }: Request): string {
  return `const query = /* GraphQL */ \`${document.replace(/[`\\]|\$\{/g, '\\$&')}\`
const variables = ${JSON.stringify(variables, null, 2)}`
}

function indented(value: object): string {
  return JSON.stringify(value, null, 2).replaceAll('\n', '\n  ')
}
