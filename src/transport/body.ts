import type { IncomingMessage } from 'node:http'
import type { GraphQLError } from 'graphql'
import { clientError } from '../schema/client-error.ts'

const maxBytes = 1024 * 1024

/** Reads a JSON body. Rejects with a client error if the body is too large, has another type, or is not JSON in UTF-8. */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const {
    'content-type': type = '',
    'content-encoding': encoding = 'identity',
    'content-length': length,
  } = request.headers
  // Pages of other origins can send some content types without a preflight, so only bodies declared as JSON are read as JSON.
  if (!/^application\/json\s*(;\s*charset="?utf-8"?\s*)?$/i.test(type)) {
    throw clientError('UNSUPPORTED_MEDIA_TYPE', 'The content-type must be application/json, in UTF-8.')
  }
  if (encoding !== 'identity') throw clientError('UNSUPPORTED_MEDIA_TYPE', 'Compressed bodies are not accepted.')
  if (Number(length) > maxBytes) throw tooLarge()
  return parseJson(await readBytes(request))
}

async function readBytes(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length
      // The rest is read and discarded: leaving the loop would close the connection before the refusal is sent.
      if (bytes <= maxBytes) chunks.push(chunk)
    }
  } catch {
    throw clientError('BAD_REQUEST', 'The body is incomplete: the connection was closed.')
  }
  if (bytes > maxBytes) throw tooLarge()
  return Buffer.concat(chunks)
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw clientError('BAD_REQUEST', 'The body is not JSON in UTF-8.')
  }
}

function tooLarge(): GraphQLError {
  return clientError('REQUEST_TOO_LARGE', `The body is larger than ${maxBytes} bytes.`)
}
