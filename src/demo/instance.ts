import { WireError } from './error.ts'
import type { JsonSchema } from './request.ts'

type Random = () => number
type Spend = (amount: number) => void

/** Beyond this depth only what is required is filled in, so that schemas that contain themselves come to an end. */
const generousDepth = 4
const deepest = 12
/** In characters and steps: a small schema may ask for a value without end, and all of it is made in one go. */
const largest = 20_000

const formats: Record<string, string> = {
  date: '2025-06-01',
  time: '12:00:00Z',
  'date-time': '2025-06-01T12:00:00Z',
  email: 'demo@example.com',
  uri: 'https://example.com/',
  url: 'https://example.com/',
  uuid: '00000000-0000-4000-8000-000000000000',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
}

/** Makes a value that satisfies the everyday keywords of JSON Schema; `words` fill its strings. Throws WireError. */
export function instanceOf(schema: JsonSchema, words: readonly string[], random: Random): unknown {
  const spend = createBudget()
  const pick = <Item>(items: readonly Item[]): Item | undefined => items[Math.floor(random() * items.length)]

  function make(given: unknown, depth: number): unknown {
    if (depth > deepest) return null
    spend(1)
    const node = flatten(isRecord(given) ? given : {}, schema, spend)
    if ('const' in node) return quote(node['const'])
    if (Array.isArray(node['enum'])) return quote(pick(node['enum']) ?? null)
    const options = node['anyOf'] ?? node['oneOf']
    if (Array.isArray(options)) return make(simplest(options, depth), depth + 1)
    return makers[String(typeOf(node))]?.(node, depth) ?? null
  }

  function quote(value: unknown): unknown {
    spend(JSON.stringify(value).length)
    return value
  }

  const makers: Record<string, (node: JsonSchema, depth: number) => unknown> = {
    object: makeObject,
    array: makeArray,
    string: makeString,
    number: (node) => makeNumber(node, 0.1),
    integer: (node) => makeNumber(node, 1),
    boolean: () => random() < 0.5,
  }

  function makeObject(node: JsonSchema, depth: number) {
    const properties = isRecord(node['properties']) ? node['properties'] : {}
    const required = Array.isArray(node['required']) ? node['required'].map(String) : []
    const names = depth < generousDepth ? [...new Set([...Object.keys(properties), ...required])] : required
    spend(names.join('').length)
    return Object.fromEntries(names.map((name) => [name, make(properties[name] ?? { type: 'string' }, depth + 1)]))
  }

  function makeArray(node: JsonSchema, depth: number) {
    const least = numberOr(node['minItems'], depth < generousDepth ? 1 : 0)
    const count = Math.min(least, numberOr(node['maxItems'], least))
    spend(count)
    return Array.from({ length: count }, () => make(node['items'] ?? { type: 'string' }, depth + 1))
  }

  function makeString(node: JsonSchema) {
    const format = formats[String(node['format'])]
    if (format !== undefined) return format
    const word = pick(words) ?? 'demo'
    const least = numberOr(node['minLength'], 0)
    spend(Math.max(word.length, least))
    const text = word.padEnd(least, '.')
    return text.slice(0, numberOr(node['maxLength'], text.length))
  }

  function makeNumber(node: JsonSchema, usualStep: number) {
    const step = numberOr(node['multipleOf'], usualStep)
    const least = numberOr(node['minimum'], numberOr(node['exclusiveMinimum'], Number.NaN) + step)
    const most = numberOr(node['maximum'], numberOr(node['exclusiveMaximum'], Number.NaN) - step)
    const low = Number.isNaN(least) ? (Number.isNaN(most) ? 0 : Math.min(0, most - 10 * step)) : least
    const high = Number.isNaN(most) ? low + 10 * step : most
    const first = Math.ceil(low / step)
    const steps = first + Math.floor(random() * Math.max(1, Math.floor(high / step) - first + 1))
    return Number((steps * step).toPrecision(12))
  }

  return make(schema, 0)
}

function createBudget(): Spend {
  let left = largest
  return (amount) => {
    left -= amount
    if (left < 0) throw new WireError(400, 'Invalid schema: what it asks for is too much for the demo model.')
  }
}

/** Follows references into the same document, and joins what `allOf` says. */
function flatten(node: JsonSchema, root: JsonSchema, spend: Spend, depth = 0): JsonSchema {
  if (depth > deepest) return node
  spend(1)
  const pointer = node['$ref']
  const target = typeof pointer === 'string' ? [follow(pointer, root)] : []
  const parts = [...target, ...(Array.isArray(node['allOf']) ? node['allOf'].filter(isRecord) : [])]
  return Object.assign({}, ...parts.map((part) => flatten(part, root, spend, depth + 1)), node)
}

function follow(pointer: string, root: JsonSchema): JsonSchema {
  const steps = pointer.split('/').slice(1)
  const found = steps.reduce<unknown>((at, step) => {
    return isRecord(at) ? at[step.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined
  }, root)
  return isRecord(found) ? found : {}
}

function simplest(options: unknown[], depth: number): unknown {
  const isNull = (option: unknown) => isRecord(option) && option['type'] === 'null'
  return options.find((option) => isNull(option) === depth >= generousDepth) ?? options[0]
}

function typeOf(node: JsonSchema): unknown {
  const type = node['type']
  if (Array.isArray(type)) return type.find((one) => one !== 'null') ?? 'null'
  if (type !== undefined) return type
  return isRecord(node['properties']) || Array.isArray(node['required'])
    ? 'object'
    : 'items' in node
      ? 'array'
      : 'string'
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise
}
