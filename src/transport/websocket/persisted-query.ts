/**
 * Adds an empty query to a message that has the hash of a document and no query. Otherwise graphql-ws would close the socket,
 * and with it all other operations of the client.
 */
export function withQuery(message: string): string {
  if (!message.includes('"persistedQuery"')) return message
  const parsed = parse(message)
  if (!isObject(parsed) || !isObject(parsed['payload']) || 'query' in parsed['payload']) return message
  return JSON.stringify({ ...parsed, payload: { query: '', ...parsed['payload'] } })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
