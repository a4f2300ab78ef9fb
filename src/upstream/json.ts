/** A parsed JSON object, each field as yet unknown. */
export type Wire = Readonly<Record<string, unknown>>

export function isObject(value: unknown): value is Wire {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

/** Of 32 bits, as GraphQL and the database have it. */
export function isInt(value: unknown): value is number {
  return Number.isInteger(value) && value === ((value as number) | 0)
}

/** null where it is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
