import type { IncomingMessage } from 'node:http'

export type Encoding = 'br' | 'gzip'

/** In the order in which they are preferred. */
const encodings: readonly Encoding[] = ['br', 'gzip']

/** How a body may be compressed for this client; null: not at all. */
export function encodingFor({ headers }: IncomingMessage): Encoding | null {
  const accepted = String(headers['accept-encoding'] ?? '')
    .toLowerCase()
    .split(',')
    .filter((entry) => !/;\s*q=0(?:\.0*)?\s*$/.test(entry))
    .map((entry) => entry.split(';', 1)[0]?.trim())
  return encodings.find((encoding) => accepted.includes(encoding)) ?? null
}
