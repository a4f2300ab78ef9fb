import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

const prefixBytes = 8
const secretBytes = 32
// ak_<16 hex digits>_<43 characters of base64url>
const form = /^(ak_[0-9a-f]{16})_[\w-]{43}$/

/** `secret` is the whole key, to be shown once; `prefix` is what it begins with, unique and no secret. */
export function mintApiKey(): { secret: string; prefix: string; hash: string } {
  const prefix = `ak_${randomBytes(prefixBytes).toString('hex')}`
  const secret = `${prefix}_${randomBytes(secretBytes).toString('base64url')}`
  return { secret, prefix, hash: hashOf(secret) }
}

/** null for what is no key of ours. */
export function prefixOf(secret: string): string | null {
  return form.exec(secret)?.[1] ?? null
}

/** Takes as long for any secret. */
export function isHashOf(hash: string, secret: string): boolean {
  return timingSafeEqual(Buffer.from(hash), Buffer.from(hashOf(secret)))
}

// Slow hashes are for passwords, which can be guessed; this has 256 random bits.
function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}
