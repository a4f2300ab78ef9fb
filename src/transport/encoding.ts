import type { IncomingMessage } from 'node:http'

export type Encoding = 'br' | 'gzip'

/** The encodings in order of preference. */
const encodings: readonly Encoding[] = ['br', 'gzip']

/** The preferred encoding that the client accepts; null if it accepts none. */
export function encodingFor({ headers }: IncomingMessage): Encoding | null {
  const accepted = String(headers['accept-encoding'] ?? '')
    .toLowerCase()
    .split(',')
    .filter((entry) => !/;\s*q=0(?:\.0*)?\s*$/.test(entry))
    .map((entry) => entry.split(';', 1)[0]?.trim())
  return encodings.find((encoding) => accepted.includes(encoding)) ?? null
}
