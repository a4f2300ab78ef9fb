/** The reading methods that a string and a growing text share. */
export interface Text {
  readonly length: number
  slice(from: number, to: number): string
}

/** How many characters at the end are kept apart, so that reading them does not join the rest. */
const window = 4_096

/**
 * A text that grows by small pieces while its end is read. V8 keeps the pieces of a string that grows by `+=`, and copies the
 * whole text when any part of it is read. With a plain string, each piece of a long answer would cost a copy of the answer.
 */
export interface GrowingText extends Text {
  add(piece: string): void
  toString(): string
}

export function createGrowingText(): GrowingText {
  let older = ''
  let recent = ''

  return {
    get length() {
      return older.length + recent.length
    },
    add(piece) {
      recent += piece
      if (recent.length <= 2 * window) return
      const cut = recent.length - window
      older += recent.slice(0, cut)
      recent = recent.slice(cut)
    },
    slice(from, to) {
      const start = older.length
      const end = Math.max(0, to - start)
      return from >= start ? recent.slice(from - start, end) : older.slice(from, to) + recent.slice(0, end)
    },
    toString: () => older + recent,
  }
}
