import { hash } from 'node:crypto'
import { storableText } from '../../stream/text.ts'
import { createCheck, text } from './input-check.ts'

/** Only texts that can be stored unchanged are accepted, because two keys could become the same otherwise. */
export const key = text(255, 1).refine(
  (given) => given === storableText(given),
  'must not have NUL or half of a surrogate pair',
)

/** Throws INVALID_INPUT. */
export const checkKey = createCheck<string | null | undefined>(key.nullish())

/** A client's idempotency key, and the hash of the input that it was used with. */
export interface IdempotencyKey {
  key: string
  inputHash: string
}

/** Fields with JSON that is sent upstream unchanged, in which null is a value. */
const jsonFields = ['extraBody', 'parameters', 'schema', 'wireMessages', 'wireParameters']

function canonical(value: unknown, isJson = false): unknown {
  if (Array.isArray(value)) return value.map((item) => canonical(item, isJson))
  if (value === null || typeof value !== 'object') return value
  const entries = Object.entries(value).filter(([, item]) => item !== undefined && (isJson || item !== null))
  const sorted = entries.sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(sorted.map(([name, item]) => [name, canonical(item, isJson || jsonFields.includes(name))]))
}

/** Equal for equivalent inputs: the order of fields does not count, and null is the same as an absent field, except in JSON. */
export function inputHash(input: object): string {
  return hash('sha256', JSON.stringify(canonical(input)), 'base64url')
}
