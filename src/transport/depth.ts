// Deep enough for any JSON Schema; JSON.stringify overflows the stack some thousands of levels down.
export const maxLevels = 100

/** Whether a JSON value is nested more than so many levels deep. */
export function deeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((inner) => deeperThan(levels - 1, inner))
}
