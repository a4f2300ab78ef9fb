/** The punctuation of JSON: quotes, colons and brackets. */
const quotes = 2
const brackets = 2
const colon = 1

/** The bytes of a JSON value as text, or a little less: escapes and commas are not counted, and a number counts as one byte. */
export function byteSize(value: unknown): number {
  if (typeof value === 'string') return quotes + Buffer.byteLength(value)
  if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + byteSize(item), brackets)
  if (typeof value !== 'object' || value === null) return 1
  return Object.entries(value).reduce((sum, [key, item]) => sum + byteSize(key) + colon + byteSize(item), brackets)
}
