import { hash } from 'node:crypto'
import { storableText } from '../../stream/text.ts'
import { createCheck, text } from './input-check.ts'

/** Made storable, two keys could become one. */
export const key = text(255, 1).refine(
  (given) => given === storableText(given),
  'takes no NUL and no half of a surrogate pair',
)

/** Throws INVALID_INPUT. */
export const checkKey = createCheck<string | null | undefined>(key.nullish())

/** A client's idempotency key, and the hash of the input that it was used with. */
export interface IdempotencyKey {
  key: string
  inputHash: string
}

/** Sent upstream as they stand, where null is a value. */
const jsonFields = ['extraBody', 'parameters', 'schema']

function canonical(value: unknown, isJson = false): unknown {
  if (Array.isArray(value)) return value.map((item) => canonical(item, isJson))
  if (value === null || typeof value !== 'object') return value
  const entries = Object.entries(value).filter(([, item]) => item !== undefined && (isJson || item !== null))
  const sorted = entries.sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(sorted.map(([name, item]) => [name, canonical(item, isJson || jsonFields.includes(name))]))
}

/** Equal for inputs that ask the same: the order of fields does not count, and null is the same as absent but in JSON. */
export function inputHash(input: object): string {
  return hash('sha256', JSON.stringify(canonical(input)), 'base64url')
}
