import { existsSync, readdirSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname, join } from 'node:path'
import send from 'send'
import { type Encoding, encodingFor } from './encoding.ts'
import { refuse } from './reply.ts'

// The page renders answers. An image of another host in an answer would tell that host what was asked.
const contentSecurityPolicy = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self' ws: wss:",
  "frame-ancestors 'none'",
].join('; ')

// The build writes compressed copies with these suffixes beside each file that compression makes smaller.
const suffixes = { br: '.br', gzip: '.gz' } as const
// The types of compressed files, because `send` would derive another type from the suffix.
const types: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** Serves the built page, or says how to build it if it is missing. */
export function createPage(folder: string) {
  if (!existsSync(join(folder, 'index.html'))) return replyNotBuilt
  const files = new Set(readdirSync(folder, { recursive: true }).map((name) => `/${String(name)}`))
  return (request: IncomingMessage, response: ServerResponse): void => {
    const path = request.url?.split('?', 1)[0] ?? '/'
    const refuseIt = () => refuse(response, 'NOT_FOUND', 'There is nothing here.')
    const file = path === '/' ? '/index.html' : path
    const encoding = encodingFor(request)
    const packed = encoding === null ? file : `${file}${suffixes[encoding]}`
    const isPacked = encoding !== null && files.has(packed)
    send(request, isPacked ? packed : path, {
      root: folder,
      acceptRanges: false,
      cacheControl: false,
      dotfiles: 'ignore',
    })
      .on('headers', () => {
        setHeaders(response, path)
        if (isPacked) setPacked(response, encoding, file)
      })
      .on('directory', refuseIt)
      .on('error', ({ status }: { status: number }) => {
        if (status < 500) refuseIt()
        else refuse(response, 'INTERNAL_SERVER_ERROR', 'The page could not be read.')
      })
      .pipe(response)
  }
}

function setPacked(response: ServerResponse, encoding: Encoding, file: string): void {
  response.setHeader('content-encoding', encoding)
  const type = types[extname(file)]
  if (type !== undefined) response.setHeader('content-type', type)
}

function setHeaders(response: ServerResponse, path: string): void {
  // The names of assets contain a hash of their content; all other files may change under the same name.
  const lasting = path.startsWith('/assets/')
  response.setHeader('cache-control', lasting ? 'public, max-age=31536000, immutable' : 'no-cache')
  response.setHeader('vary', 'accept-encoding')
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
