import { hash } from 'node:crypto'

/** Sent upstream as they stand, where null is a value. */
const jsonFields = ['extraBody', 'parameters', 'schema']

function canonical(value: unknown, isJson = false): unknown {
  if (Array.isArray(value)) return value.map((item) => canonical(item, isJson))
  if (value === null || typeof value !== 'object') return value
  const entries = Object.entries(value).filter(([, item]) => item !== undefined && (isJson || item !== null))
  const sorted = entries.sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(sorted.map(([key, item]) => [key, canonical(item, isJson || jsonFields.includes(key))]))
}

/** Equal for inputs that ask the same: the order of fields does not count, and null is the same as absent but in JSON. */
export function inputHash(input: object): string {
  return hash('sha256', JSON.stringify(canonical(input)), 'base64url')
}
