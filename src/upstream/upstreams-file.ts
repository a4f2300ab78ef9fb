import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { createGlob } from './glob.ts'
import { refusedParameters } from './refused-parameter.ts'

export const defaultTimeouts = { connectMs: 5_000, firstByteMs: 60_000, idleMs: 60_000, totalMs: 600_000 }

/** Uses a loop, because a regular expression would take quadratic time for a long run of slashes. */
export function withoutEndSlashes(text: string): string {
  let end = text.length
  while (text[end - 1] === '/') end -= 1
  return text.slice(0, end)
}

// The upper bound of setTimeout: with a larger delay it fires at once.
const timeoutMs = z
  .int()
  .min(1)
  .max(2 ** 31 - 1)
const dollars = z.number().min(0)
const httpUrl = z
  .url({ protocol: /^https?$/, error: 'takes an http:// or https:// URL' })
  .transform((text) => withoutEndSlashes(text))

const modelGlob = z
  .string()
  .min(1)
  .regex(/^[^?[\]{}]*$/, 'takes a name, in which * stands for any characters')

// Without one of these it would be a different request, or the answer would not have the expected form.
const indispensable = ['model', 'messages', 'stream', 'n']
const omittable = z
  .string()
  .min(1)
  .refine((name) => !indispensable.includes(name), `takes parameters other than ${indispensable.join(', ')}`)

/** The settings of an upstream that is given by its address alone. */
export const plainUpstream = {
  models: ['*'],
  contextWindow: null,
  prices: {},
  lenientEnd: false,
  allow: [],
  omit: [],
  storeMetadata: false,
  sendReasoning: false,
}

const upstreamsFile = z
  .array(
    z.strictObject({
      name: z.string().min(1),
      baseUrl: httpUrl,
      apiKeyEnv: z.string().min(1).optional(),
      models: z.array(modelGlob).min(1).default(['*']),
      contextWindow: z.int().positive().nullable().default(null),
      prices: z
        .record(z.string(), z.strictObject({ promptPerMillion: dollars, completionPerMillion: dollars }))
        .default({}),
      timeouts: z
        .strictObject({ connectMs: timeoutMs, firstByteMs: timeoutMs, idleMs: timeoutMs, totalMs: timeoutMs })
        .partial()
        .transform((timeouts) => ({ ...defaultTimeouts, ...timeouts }))
        .default(defaultTimeouts),
      lenientEnd: z.boolean().default(false),
      allow: z.array(z.enum(refusedParameters)).default([]),
      omit: z.array(omittable).default([]),
      storeMetadata: z.boolean().default(false),
      sendReasoning: z.boolean().default(false),
    }),
  )
  .min(1)

/**
 * One upstream as it is written in the file, which has the name of the environment variable with the key instead of the key.
 */
export type UpstreamEntry = z.infer<typeof upstreamsFile>[number]

/** Reads a JSON list of upstreams. `problem` is one line for the author of the file. */
export function readUpstreamsFile(path: string): { entries: UpstreamEntry[] } | { problem: string } {
  let json: unknown
  try {
    json = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    const problem = error instanceof SyntaxError ? 'is not JSON' : 'cannot be read'
    return { problem: `takes a JSON list of upstreams; ${path} ${problem}` }
  }
  const parsed = upstreamsFile.safeParse(json)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    const at = issue?.path.join('.') || 'the list'
    return { problem: `${path}, at ${at}: ${(issue?.message ?? 'malformed').replaceAll('\n', ' ')}` }
  }
  const names = parsed.data.map((entry) => entry.name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice) return { problem: `${path} has two upstreams named ${twice}; takes each name once` }
  return { entries: parsed.data }
}

export const unservedProblem = 'takes a model that the `models` of an upstream in UPSTREAMS_FILE match'

/** Whether one of the upstreams serves the model. */
export function servesModel(entries: readonly UpstreamEntry[], model: string): boolean {
  return entries.some(({ models }) => models.some((glob) => createGlob(glob)(model)))
}
