import { storableText } from '../stream/text.ts'
import { createCheck, text } from './input-check.ts'

/** Made storable, two keys could become one. */
export const key = text(255, 1).refine(
  (given) => given === storableText(given),
  'takes no NUL and no half of a surrogate pair',
)

/** Throws INVALID_INPUT. */
export const checkKey = createCheck<string | null | undefined>(key.nullish())
