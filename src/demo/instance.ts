import { WireError } from './error.ts'
import type { JsonSchema } from './request.ts'

type Random = () => number
type Spend = (amount: number) => void

/** From this depth on only required properties are made, so that recursive schemas come to an end. */
const generousDepth = 4
const deepest = 12
/** In characters and steps. A small schema can describe an endless value, and a value is made without a pause. */
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

/**
 * Makes a value that satisfies the common keywords of JSON Schema, with strings from `words`. Throws WireError if it is too
 * large.
 */
export function instanceOf(schema: JsonSchema, words: readonly string[], random: Random): unknown {
  const spend = createBudget()
  const pick = <Item>(items: readonly Item[]): Item | undefined => items[Math.floor(random() * items.length)]

  function make(given: unknown, depth: number): unknown {
    if (depth > deepest) return null
    spend(1)
    const node = flatten(isRecord(given) ? given : {}, schema, spend)
    if ('const' in node) return quote(node['const'])
    if (Array.isArray(node['enum'])) return quote(pick(node['enum']) ?? null)
    const { anyOf, ...besideAny } = node
    if (Array.isArray(anyOf)) return makeChoice(anyOf, besideAny, depth)
    const { oneOf, ...besideOne } = node
    if (Array.isArray(oneOf)) return makeChoice(oneOf, besideOne, depth)
    return makers[String(typeOf(node))]?.(node, depth) ?? null
  }

  function quote(value: unknown): unknown {
    spend(JSON.stringify(value).length)
    return value
  }

  function makeChoice(options: unknown[], beside: JsonSchema, depth: number) {
    spend(options.length)
    return make({ allOf: [beside, simplest(options, depth)] }, depth + 1)
  }

  const makers: Record<string, (node: JsonSchema, depth: number) => unknown> = {
    object: makeObject,
    array: makeArray,
    string: makeString,
    number: (node) => numberIn(node, random),
    integer: (node) => numberIn({ multipleOf: 1, ...node }, random),
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

  return make(schema, 0)
}

function createBudget(): Spend {
  let left = largest
  return (amount) => {
    left -= amount
    if (left < 0) throw new WireError(400, 'Invalid schema: what it asks for is too much for the demo model.')
  }
}

/** Follows references into the same document, and merges the schemas of `allOf`. */
function flatten(node: JsonSchema, root: JsonSchema, spend: Spend, depth = 0): JsonSchema {
  spend(1 + Object.keys(node).length)
  const { $ref: pointer, allOf, ...own } = node
  if (depth > deepest) return own
  const target = typeof pointer === 'string' ? [follow(pointer, root, spend)] : []
  const parts = [...target, ...(Array.isArray(allOf) ? allOf.filter(isRecord) : [])]
  const flat = parts.map((part) => flatten(part, root, spend, depth + 1))
  return flat.length === 0 ? own : [...flat, own].reduce((all, part) => join(all, part, spend))
}

/** Keywords of the right schema replace those of the left one, but `required` and `properties` of both are merged. */
function join(left: JsonSchema, right: JsonSchema, spend: Spend): JsonSchema {
  const joined = { ...left, ...right }
  spend(Object.keys(joined).length)
  const [required, more] = [left['required'], right['required']]
  if (Array.isArray(required) && Array.isArray(more)) {
    joined['required'] = [...new Set([...required, ...more])]
    spend(required.length + more.length)
  }
  const [properties, others] = [left['properties'], right['properties']]
  if (isRecord(properties) && isRecord(others)) {
    const both = Object.keys(others).filter((name) => Object.hasOwn(properties, name))
    const merged = both.map((name) => [name, { allOf: [properties[name], others[name]] }])
    joined['properties'] = { ...properties, ...others, ...Object.fromEntries(merged) }
    spend(Object.keys(properties).length + Object.keys(others).length)
  }
  return joined
}

function follow(pointer: string, root: JsonSchema, spend: Spend): JsonSchema {
  const steps = pointer.split('/').slice(1)
  spend(steps.length)
  const found = steps.reduce<unknown>((at, step) => {
    return isRecord(at) ? at[step.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined
  }, root)
  return isRecord(found) ? found : {}
}

function simplest(options: unknown[], depth: number): unknown {
  const isNull = (option: unknown) => isRecord(option) && option['type'] === 'null'
  return options.find((option) => isNull(option) === depth >= generousDepth) ?? options[0]
}

function numberIn(node: JsonSchema, random: Random): number {
  const bound = (name: string, otherwise: number) => numberOr(node[name], otherwise)
  const [above, below] = [bound('exclusiveMinimum', -Infinity), bound('exclusiveMaximum', Infinity)]
  const [least, most] = [bound('minimum', -Infinity), bound('maximum', Infinity)]
  const [bottom, top] = [Math.max(least, above), Math.min(most, below)]
  // The step is smaller between narrow bounds, so that there is a number between them.
  const step = bound('multipleOf', Math.min(0.1, (top - bottom) / 10)) || 0.1
  const low = bottom > -Infinity ? bottom : Math.min(0, top - 10 * step)
  const high = top < Infinity ? top : low + 10 * step
  const at = (steps: number) => (Number.isInteger(step) ? steps * step : Number((steps * step).toPrecision(12)))
  let first = Math.ceil(low / step)
  if (at(first) <= above) first += 1
  let last = Math.floor(high / step)
  if (at(last) >= below) last -= 1
  const chosen = at(first + Math.floor(random() * Math.max(1, last - first + 1)))
  return Math.min(Math.max(chosen, least), most)
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
