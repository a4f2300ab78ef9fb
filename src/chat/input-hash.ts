import { hash } from 'node:crypto'

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical)
  if (value === null || typeof value !== 'object') return value
  const entries = Object.entries(value).filter(([, item]) => item !== null && item !== undefined)
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => [key, canonical(item)]))
}

/** Equal for inputs that ask the same: the order of fields does not count, and null is the same as absent. */
export function inputHash(input: object): string {
  return hash('sha256', JSON.stringify(canonical(input)), 'base64url')
}
