// biome-ignore lint/suspicious/noControlCharactersInRegex: NUL is what Postgres cannot keep.
const nul = /\u0000/g

function endsInHighSurrogate(text: string) {
  const last = text.charCodeAt(text.length - 1)
  return last >= 0xd800 && last <= 0xdbff
}

/** Replaces NUL and lone surrogates, which Postgres cannot store, by U+FFFD. */
export function storableText(text: string): string {
  const wellFormed = text.isWellFormed() ? text : text.toWellFormed()
  return wellFormed.includes('\0') ? wellFormed.replace(nul, '\ufffd') : wellFormed
}

/** Does the same for each string in a JSON value, including the keys. */
export function storableJson<Value>(value: Value): Value
export function storableJson(value: unknown): unknown {
  if (typeof value === 'string') return storableText(value)
  if (Array.isArray(value)) return value.map((item) => storableJson(item))
  if (value === null || typeof value !== 'object' || value instanceof Date) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [storableText(key), storableJson(item)]))
}

export interface TextJoiner {
  /**
   * Returns the storable text that is complete so far. A surrogate pair that is split between two pieces comes with the second
   * one.
   */
  add(piece: string): string
  /** Returns the text that is still held back. Call it when no more text follows. */
  flush(): string
}

export function createTextJoiner(): TextJoiner {
  let held = ''
  return {
    add(piece) {
      if (piece === '') return ''
      const text = held + piece
      held = endsInHighSurrogate(text) ? text.slice(-1) : ''
      return storableText(held === '' ? text : text.slice(0, -1))
    },
    flush() {
      const text = storableText(held)
      held = ''
      return text
    },
  }
}
