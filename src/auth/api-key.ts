import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

const prefixBytes = 8
const secretBytes = 32
// ak_<16 hex digits>_<43 characters of base64url>
const form = /^(ak_[0-9a-f]{16})_[\w-]{43}$/

/** `secret` is the whole key, which is shown once; `prefix` is its beginning, which is unique and not secret. */
export function mintApiKey(): { secret: string; prefix: string; hash: string } {
  const prefix = `ak_${randomBytes(prefixBytes).toString('hex')}`
  const secret = `${prefix}_${randomBytes(secretBytes).toString('base64url')}`
  return { secret, prefix, hash: hashOf(secret) }
}

/** Returns null for a text that is not in the form of an API key. */
export function prefixOf(secret: string): string | null {
  return form.exec(secret)?.[1] ?? null
}

/** Takes the same time for every secret. */
export function isHashOf(hash: string, secret: string): boolean {
  return timingSafeEqual(Buffer.from(hash), Buffer.from(hashOf(secret)))
}

// A slow hash is not needed: it protects passwords, which can be guessed, but a key has 256 random bits.
function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}
