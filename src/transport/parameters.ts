import type { GraphQLParams } from 'graphql-yoga'
import { clientError } from '../schema/client-error.ts'
import { readJson } from './body.ts'
import type { HttpPlugin } from './http-context.ts'

/** Reads the operation from the URL of a GET or from a JSON body. All other formats that Yoga accepts are refused. */
export const parametersPlugin: HttpPlugin = {
  onRequestParse({ request, url, serverContext: { req }, setRequestParser }) {
    const read = async () => (request.method === 'GET' ? readSearch(url.searchParams) : readJson(req))
    // The admission checks the type of the value.
    setRequestParser(read as () => Promise<GraphQLParams>)
  },
}

function readSearch(search: URLSearchParams): unknown {
  return {
    query: search.get('query'),
    operationName: search.get('operationName'),
    variables: parseParameter(search, 'variables'),
    extensions: parseParameter(search, 'extensions'),
  }
}

function parseParameter(search: URLSearchParams, name: string): unknown {
  try {
    return JSON.parse(search.get(name) || 'null')
  } catch {
    throw clientError('BAD_REQUEST', `The parameter \`${name}\` is not JSON.`)
  }
}
