import { existsSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import send from 'send'
import { refuse } from './reply.ts'

// The page renders answers. An image of another host in an answer would tell that host what was asked.
const contentSecurityPolicy = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self' ws: wss:",
  "frame-ancestors 'none'",
].join('; ')

/** Serves the built page, or says how to build it if it is missing. */
export function createPage(folder: string) {
  if (!existsSync(join(folder, 'index.html'))) return replyNotBuilt
  return (request: IncomingMessage, response: ServerResponse): void => {
    const path = request.url?.split('?', 1)[0] ?? '/'
    const refuseIt = () => refuse(response, 'NOT_FOUND', 'There is nothing here.')
    send(request, path, { root: folder, acceptRanges: false, cacheControl: false, dotfiles: 'ignore' })
      .on('headers', () => setHeaders(response, path))
      .on('directory', refuseIt)
      .on('error', ({ status }: { status: number }) => {
        if (status < 500) refuseIt()
        else refuse(response, 'INTERNAL_SERVER_ERROR', 'The page could not be read.')
      })
      .pipe(response)
  }
}

function setHeaders(response: ServerResponse, path: string): void {
  // The names of assets contain a hash of their content; all other files may change under the same name.
  const lasting = path.startsWith('/assets/')
  response.setHeader('cache-control', lasting ? 'public, max-age=31536000, immutable' : 'no-cache')
  response.setHeader('content-security-policy', contentSecurityPolicy)
}

function replyNotBuilt({ url }: IncomingMessage, response: ServerResponse): void {
  if (url === '/') {
    response.writeHead(503, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' })
    response.end('The page is not built yet: run `npm run build`, and start again. GraphiQL is at /graphql.\n')
  } else {
    refuse(response, 'NOT_FOUND', 'There is nothing here.')
  }
}
