export interface Sampling {
  temperature: number
  topP: number
  presencePenalty: number
  frequencyPenalty: number
  logitBias: ReadonlyMap<number, number>
  /** The number of the most likely tokens that are reported beside the chosen one. */
  topLogprobs: number
}

export interface Scored {
  token: number
  logprob: number
}
export interface Sample extends Scored {
  top: Scored[]
}

/** The probability of a token that the model has never seen. It is not 0, so that `logit_bias` can produce such a token. */
const unseenOdds = 1e-15

/**
 * Chooses tokens by the rules of OpenAI's reference: bias and penalties change the logits, the temperature divides them, and
 * top_p removes the least likely tokens. The log probabilities are those before this removal; at temperature 0, those of
 * temperature 1.
 */
export function createSampler(vocabulary: readonly number[], sampling: Sampling, random: () => number) {
  const known = new Set(vocabulary)
  const tokens = [...vocabulary, ...[...sampling.logitBias.keys()].filter((token) => !known.has(token))]
  const slots = new Map(tokens.map((token, slot) => [token, slot]))
  const counts = new Map<number, number>()
  const logprobs = new Float64Array(tokens.length)
  const temperature = sampling.temperature === 0 ? 1 : sampling.temperature

  function score(odds: Float64Array) {
    for (let slot = 0; slot < logprobs.length; slot++) logprobs[slot] = Math.log(odds[slot] ?? unseenOdds)
    for (const [token, bias] of sampling.logitBias) add(slots.get(token), bias)
    for (const [slot, count] of counts) add(slot, -count * sampling.frequencyPenalty - sampling.presencePenalty)
    let highest = -Infinity
    for (const logprob of logprobs) highest = Math.max(highest, logprob / temperature)
    let sum = 0
    for (const logprob of logprobs) sum += Math.exp(logprob / temperature - highest)
    const total = highest + Math.log(sum)
    for (let slot = 0; slot < logprobs.length; slot++) logprobs[slot] = (logprobs[slot] ?? 0) / temperature - total
  }

  function add(slot: number | undefined, change: number) {
    if (slot !== undefined) logprobs[slot] = (logprobs[slot] ?? 0) + change
  }

  function draw(): number {
    const best = likeliest(logprobs, 1)[0] ?? 0
    if (sampling.temperature === 0) return best
    if (sampling.topP === 1) return drawFrom(logprobs.keys(), 1) ?? best
    const { slots: kept, mass } = nucleus(logprobs, sampling.topP)
    return drawFrom(kept, mass) ?? best
  }

  function drawFrom(candidates: Iterable<number>, mass: number): number | undefined {
    let left = random() * mass
    for (const slot of candidates) {
      left -= Math.exp(logprobs[slot] ?? -Infinity)
      if (left < 0) return slot
    }
    return undefined
  }

  return (odds: Float64Array): Sample => {
    score(odds)
    const slot = draw()
    counts.set(slot, (counts.get(slot) ?? 0) + 1)
    const scored = (at: number): Scored => ({ token: tokens[at] ?? 0, logprob: logprobs[at] ?? -Infinity })
    return { ...scored(slot), top: likeliest(logprobs, sampling.topLogprobs).map(scored) }
  }
}

/** Returns the slots of the highest log probabilities, the highest first. */
function likeliest(logprobs: Float64Array, count: number): number[] {
  const best: number[] = []
  let least = -Infinity
  for (let slot = 0; slot < logprobs.length && count > 0; slot++) {
    const logprob = logprobs[slot] ?? -Infinity
    if (best.length === count && logprob <= least) continue
    const rank = best.findIndex((other) => logprob > (logprobs[other] ?? -Infinity))
    best.splice(rank < 0 ? best.length : rank, 0, slot)
    best.length = Math.min(best.length, count)
    least = logprobs[best.at(-1) ?? slot] ?? -Infinity
  }
  return best
}

/** Returns the smallest set of tokens that together have the probability `topP`, the most likely first. */
function nucleus(logprobs: Float64Array, topP: number): { slots: number[]; mass: number } {
  const ranked = [...logprobs.entries()].sort(([a, left], [b, right]) => right - left || a - b)
  const slots: number[] = []
  let mass = 0
  for (const [slot, logprob] of ranked) {
    slots.push(slot)
    mass += Math.exp(logprob)
    if (mass >= topP) break
  }
  return { slots, mass }
}
