import type { IncomingMessage, ServerResponse } from 'node:http'

const welcome = `# Press play, and watch the answer arrive. The same
# idempotencyKey shows the same answer again: change
# it to ask anew. Without headers you are the user dev;
# {"Authorization": "Dev alice"} makes you alice.

subscription Watch {
  completionStream(
    input: {
      start: {
        idempotencyKey: "first"
        completion: { messages: [{ role: USER, content: "What can you do?" }] }
      }
    }
  ) {
    __typename
    ... on CompletionSnapshot { choices { content } }
    ... on CompletionDelta { choices { content } }
    ... on CompletionEnded { completion { status usage { totalTokens } } }
    ... on CompletionRejected { error { message } }
  }
}

mutation Ask {
  createCompletion(input: { messages: [{ role: USER, content: "What can you do?" }] }) {
    __typename
    ... on CreateCompletionPayload { completion { status choices { message { content } } } }
    ... on Error { message }
  }
}
`

// The page is one file with inline scripts and styles, and the workers of its editor are made from blobs.
const contentSecurityPolicy = [
  "default-src 'self'",
  "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
  "worker-src 'self' blob:",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "frame-ancestors 'none'",
].join('; ')

export function acceptsHtml(request: IncomingMessage): boolean {
  return request.method === 'GET' && (request.headers.accept ?? '').includes('text/html')
}

/** Serves GraphiQL, which sends no requests to other hosts. */
export function createGraphiql() {
  let page: Promise<string> | undefined
  return async (_request: IncomingMessage, response: ServerResponse): Promise<void> => {
    page ??= renderPage()
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
      'content-security-policy': contentSecurityPolicy,
    })
    response.end(await page)
  }
}

async function renderPage(): Promise<string> {
  // Imported at the first request of a browser, because it takes about 46 MB of memory.
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql')
  return renderGraphiQL({
    title: 'Antiphon',
    defaultQuery: welcome,
    // Its WebSocket would not send the headers, and so not the credentials. For event streams its default is GET.
    subscriptionsProtocol: 'SSE',
    method: 'POST',
    credentials: 'same-origin',
  })
}
