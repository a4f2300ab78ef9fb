import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import { type Encoding, encodingFor } from './encoding.ts'

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

interface Page {
  etag: string
  bodies: Record<Encoding, Buffer>
  /** For clients that accept neither encoding. */
  plain: string
}

/** Serves GraphiQL, which sends no requests to other hosts. Compression reduces its 9 MB to 2 MB, and browsers cache it. */
export function createGraphiql() {
  let page: Promise<Page> | undefined
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    page ??= makePage()
    const { etag, bodies, plain } = await page
    const encoding = encodingFor(request)
    response.setHeader('cache-control', 'no-cache')
    response.setHeader('content-security-policy', contentSecurityPolicy)
    response.appendHeader('vary', 'accept-encoding')
    response.setHeader('etag', etag)
    if (request.headers['if-none-match'] === etag) {
      response.writeHead(304).end()
      return
    }
    response.setHeader('content-type', 'text/html; charset=utf-8')
    if (encoding !== null) response.setHeader('content-encoding', encoding)
    response.end(encoding === null ? plain : bodies[encoding])
  }
}

async function makePage(): Promise<Page> {
  const plain = await renderPage()
  const params = { [constants.BROTLI_PARAM_QUALITY]: 5 }
  const [br, gzipped] = await Promise.all([promisify(brotliCompress)(plain, { params }), promisify(gzip)(plain)])
  // The etag is weak, because it is the same for all encodings of the page.
  const etag = `W/"${createHash('sha256').update(plain).digest('base64url')}"`
  return { etag, bodies: { br, gzip: gzipped }, plain }
}

// The page passes variables and headers, which may contain credentials. They are in the fragment of the address, after the `#`,
// which browsers do not send to a server.
const readAddress = `
<script>
  function withAddress(options) {
    const handed = new URLSearchParams(location.hash.slice(1));
    if (handed.size === 0) return options;
    history.replaceState({}, '', location.pathname + location.search);
    return { ...options, variables: handed.get('variables') ?? '', headers: handed.get('headers') ?? '' };
  }
</script>`

async function renderPage(): Promise<string> {
  // Imported at the first request of a browser, because it takes about 46 MB of memory.
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql')
  const options = {
    title: 'Antiphon',
    defaultQuery: welcome,
    // GraphiQL's WebSocket would not send the headers, and so no credentials. For event streams GraphiQL's default method is
    // GET.
    subscriptionsProtocol: 'SSE',
    method: 'POST',
    credentials: 'same-origin',
  } as const
  const literal = JSON.stringify(options)
  // The library reads the document from the address, but neither the variables nor the headers.
  return renderGraphiQL(options)
    .replace('<div id="root"></div>', (root) => `${readAddress}${root}`)
    .replace(literal, () => `withAddress(${literal})`)
}
