/** A parsed JSON object whose fields have not been checked yet. */
export type Wire = Readonly<Record<string, unknown>>

export function isObject(value: unknown): value is Wire {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

/** True for an integer of 32 bits, which is what GraphQL and the database can hold. */
export function isInt(value: unknown): value is number {
  return Number.isInteger(value) && value === ((value as number) | 0)
}

/** Returns null if the text is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
