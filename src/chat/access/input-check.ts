import { z } from 'zod'
import { invalidInput } from './error.ts'

// The limits of each input are declared beside it with these functions. Lengths are counted in UTF-16 code units.

/** For texts that are sent to a model: a message, a file, the arguments of a tool call. A request is not larger than this. */
export const maxContentLength = 1_000_000

const refusing = (takes: string, describe: (input: unknown) => unknown) => ({
  error: ({ input }: { input?: unknown }) => `takes ${takes}, not ${describe(input)}`,
})
const lengthOf = (input: unknown) => (input as string | unknown[]).length

export function text(max: number, min = 0) {
  const takes = refusing(`${min === 0 ? 'up to ' : `${min} to `}${max} characters`, lengthOf)
  return z.string().min(min, takes).max(max, takes)
}

export function list<Item extends z.ZodType>(item: Item, max: number) {
  // The length is checked first, so that no item of a far too long list is looked at.
  return z
    .array(z.unknown())
    .max(max, refusing(`up to ${max}`, lengthOf))
    .pipe(z.array(item))
}

export function within([min, max]: readonly [min: number, max: number]) {
  const takes = refusing(`${min} to ${max}`, String)
  return z.number().min(min, takes).max(max, takes)
}

/** No two items may have the same `key`. */
export function once<Item extends z.ZodType>(items: Item, key: string) {
  return items.superRefine((given, context) => {
    const names = new Set<unknown>()
    for (const [index, item] of (given as Record<string, unknown>[]).entries()) {
      const name = item[key]
      if (names.has(name))
        return context.addIssue({ code: 'custom', path: [index, key], message: `names ${name} again` })
      names.add(name)
    }
  })
}

export type Check<Input> = (input: Input, path: string) => void

/** `path` is the place of the input in the client's document, such as `input`. The check throws INVALID_INPUT. */
export function createCheck<Input>(shape: z.ZodType): Check<Input> {
  return (input, path) => {
    const issue = shape.safeParse(input).error?.issues[0]
    if (issue !== undefined) throw invalidInput([path, ...issue.path.map(String)].join('.'), issue.message)
  }
}
