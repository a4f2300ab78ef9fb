import { isObject, parseJson, textOrNull, type Wire } from './json.ts'

/** A provider's report of a failure, in its own words. */
export interface ProviderError {
  message: string | null
  type: string | null
  code: string | null
  param: string | null
}

interface Finding {
  sentence: string
  /** the objects that contain it, the innermost first */
  around: Wire[]
}

// In characters. The texts are stored and shown to clients.
const maxTextLength = 4_000
const maxDepth = 6
const maxEntries = 20

// The field is called `detail` by FastAPI, `msg` by several Chinese providers, `error_msg` by Baidu and `status_msg` by
// MiniMax.
const wordings = [
  'message',
  'msg',
  'detail',
  'error_msg',
  'status_msg',
  'error_description',
  'errors',
  'error',
  'title',
]

/**
 * Finds the error in a document. OpenAI puts it into a field `error`; others use a text, a list `errors` or no wrapper; Google
 * puts the whole into a list, and proxies quote the JSON of the server behind them. Returns null if nothing looks like an
 * error.
 */
export function providerErrorIn(body: unknown, apiKey: string | null): ProviderError | null {
  // The key is removed before the text is cut: a cut in the middle of the key would leave a part of it.
  const words = (value: unknown) =>
    withoutKey(typeof value === 'number' ? String(value) : textOrNull(value), apiKey)?.slice(0, maxTextLength) ?? null
  const found = findSentence(body, 0)
  const outer = Array.isArray(body) ? body[0] : body
  const wordless = isObject(outer) && isObject(outer['error']) ? [outer['error']] : null
  const around = found?.around ?? wordless
  if (around === null) return null
  const first = (...names: string[]) => {
    const values = around.flatMap((object) => names.map((name) => object[name]))
    return words(values.find((value) => typeof value === 'number' || (typeof value === 'string' && value !== '')))
  }
  return {
    message: words(found?.sentence),
    type: first('type'),
    code: first('code', 'error_code', 'status_code'),
    param: first('param') ?? words(placeIn(around)),
  }
}

function findSentence(value: unknown, depth: number): Finding | null {
  if (depth > maxDepth) return null
  if (typeof value === 'string') return findInText(value, depth)
  if (Array.isArray(value)) return firstOf(value, depth)
  return isObject(value) ? findInObject(value, depth) : null
}

function findInText(text: string, depth: number): Finding | null {
  const quoted = /^\s*[{[]/.test(text) ? findSentence(parseJson(text), depth + 1) : null
  return quoted ?? (text.trim() === '' ? null : { sentence: text, around: [] })
}

function findInObject(object: Wire, depth: number): Finding | null {
  const { error, errors, metadata } = object
  const values = wordings.map((name) => object[name])
  const places = typeof error === 'object' ? [error, ...values] : values
  // Some providers list the problems by the field that they are about.
  const byField = isObject(errors) ? Object.values(errors) : []
  const found = firstOf([...places, ...byField], depth)
  if (found === null) return null
  // The message of OpenRouter says only that there was an error; the upstream's own error is quoted in another field.
  const raw = isObject(metadata) ? findSentence(metadata['raw'], depth + 1) : null
  const sentence = raw === null ? found.sentence : `${found.sentence}: ${raw.sentence}`
  return { sentence, around: [...found.around, object] }
}

function firstOf(values: readonly unknown[], depth: number): Finding | null {
  for (const value of values.slice(0, maxEntries)) {
    const found = findSentence(value, depth + 1)
    if (found !== null) return found
  }
  return null
}

/** FastAPI reports the place in the request. */
function placeIn(around: readonly Wire[]): unknown {
  const place = around.map(({ loc }) => loc).find(Array.isArray)
  return place?.at(-1)
}

// Shorter keys, such as `ollama`, are not secrets but words that occur in messages.
const minKeyLength = 8
// Providers quote keys in part, as sk-ab***yz or sk-...wxyz. Shorter words without such a gap, such as sk-SK, are not keys.
const keyLike = /\bsk-(?=[\w.-]{8}|[\w.-]*?(?:\*|\.\.|\u2026))[\w*.\u2026-]+/g

function withoutKey(text: string | null, apiKey: string | null): string | null {
  const rest = text && apiKey && apiKey.length >= minKeyLength ? text.replaceAll(apiKey, '[key]') : text
  return rest?.replace(keyLike, '[key]') ?? null
}
