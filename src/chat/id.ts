import { randomFillSync } from 'node:crypto'

const randomBytesPerId = 8
const maxCounter = 0xfff

// Drawn for many ids at once: a draw costs several times what all else of an id does.
const random = Buffer.alloc(128 * randomBytesPerId)
let used = random.length
let latestMs = 0
let counter = 0

/** A UUIDv7, greater than all that this process has made: https://www.rfc-editor.org/rfc/rfc9562#section-5.7 */
export function newId(): string {
  if (used === random.length) {
    randomFillSync(random)
    used = 0
  }
  count(Date.now())
  const bytes = Buffer.allocUnsafe(16)
  bytes.writeUIntBE(latestMs, 0, 6)
  bytes.writeUInt16BE(0x7000 | counter, 6)
  random.copy(bytes, 8, used, used + randomBytesPerId)
  bytes.writeUInt8(0x80 | (bytes.readUInt8(8) & 0x3f), 8)
  used += randomBytesPerId
  const hex = bytes.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** Where the clock stands still or goes back, or a millisecond has too many, the counter goes on. */
function count(nowMs: number): void {
  counter += 1
  if (nowMs <= latestMs && counter <= maxCounter) return
  latestMs = Math.max(nowMs, latestMs + 1)
  counter = 0
}
