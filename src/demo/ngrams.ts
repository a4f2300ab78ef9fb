/** A text from which the model learns. It is weighted by its topic and by its part in an answer. */
export interface Lesson {
  tokens: readonly number[]
  topic: number
  part: 'opening' | 'body' | 'bridge' | 'closing' | 'thought'
}

export type Weigh = (topic: number, part: Lesson['part']) => number

/** One text while it is generated. */
export interface Walk {
  /** The probability of each token of the vocabulary, in its order. */
  odds(): Float64Array
  /** Adds the chosen token to the text. */
  take(token: number): void
  reweigh(weigh: Weigh): void
}

export interface Ngrams {
  vocabulary: readonly number[]
  walk(weigh: Weigh): Walk
}

/** A place in the lessons at which the end of the context occurs, and the token that follows there. */
interface Match {
  next: number
  slot: number
  mass: number
  /** How many of the contexts match at this place. */
  fits: number
}

/** The lengths of the contexts, in tokens. */
const contexts = [1, 2, 3, 5, 8]
/** The length of the longest context. */
export const order = 8
/** The share of the probability that each context leaves to the next shorter one. */
const backOff = 0.1
/**
 * The factor for the weight of a place that the text has already used. Without it a greedy walk would repeat itself endlessly.
 */
const passed = 0.01
const gap = -1

/**
 * An n-gram model with back-off. It stores no counts, but counts the places at which the context occurs in the lessons, so that
 * each question can weight the lessons differently. Every text begins with `start`, and no context goes beyond it.
 */
export function createNgrams(lessons: readonly Lesson[], start: number): Ngrams {
  const { vocabulary, frequencies, matchesOf } = indexLessons(lessons, start)

  function walk(weigh: Weigh): Walk {
    const history = [start]
    const used = new Set<number>()
    let weights = weigh
    let longest: Match[] = []

    function odds() {
      const matches = matchesOf(
        history,
        (next, { topic, part }) => weights(topic, part) * (used.has(next) ? passed : 1),
      )
      const top = Math.max(0, ...new Set(matches.map(({ fits }) => fits)))
      const shares = [0]
      // A place that matches a long context also counts for all shorter contexts.
      for (let fits = 1; fits <= top; fits++) {
        const mass = matches.reduce((sum, match) => (match.fits >= fits ? sum + match.mass : sum), 0)
        shares.push((shares[fits - 1] ?? 0) + ((1 - backOff) * backOff ** (top - fits)) / mass)
      }
      const rest = backOff ** top
      const result = frequencies.map((share) => share * rest)
      for (const { slot, mass, fits } of matches) {
        result[slot] = (result[slot] ?? 0) + mass * (shares[fits] ?? 0)
      }
      longest = matches.filter(({ fits }) => fits === top)
      return result
    }

    return {
      odds,
      take(token) {
        for (const { next, slot } of longest) if (vocabulary[slot] === token) used.add(next)
        history.push(token)
        if (history.length > 2 * order) history.splice(0, order)
      },
      reweigh(next) {
        weights = next
      },
    }
  }

  return { vocabulary, walk }
}

function indexLessons(lessons: readonly Lesson[], start: number) {
  const tokens: number[] = []
  const sources: (Lesson | undefined)[] = []
  for (const lesson of lessons) {
    tokens.push(gap, ...lesson.tokens)
    sources.push(undefined, ...lesson.tokens.map(() => lesson))
  }
  const places = new Map<number, number[]>()
  for (const [at, token] of tokens.entries()) {
    const known = places.get(token)
    if (known) known.push(at)
    else places.set(token, [at])
  }
  places.delete(gap)
  const vocabulary = [...places.keys()]
  const slots = new Map(vocabulary.map((token, slot) => [token, slot]))
  const frequencies = Float64Array.from(vocabulary, (token) => (places.get(token)?.length ?? 0) / tokens.length)

  function contextLength(place: number, history: readonly number[]): number {
    for (let length = 0; length < order; length++) {
      const token = tokens[place - length]
      if (token !== history.at(-1 - length)) return length
      if (token === start) return order
    }
    return order
  }

  function matchesOf(history: readonly number[], massOf: (next: number, source: Lesson) => number): Match[] {
    const matches: Match[] = []
    for (const place of places.get(history.at(-1) ?? start) ?? []) {
      const next = place + 1
      const source = sources[next]
      const slot = slots.get(tokens[next] ?? gap)
      if (!source || slot === undefined) continue
      const length = contextLength(place, history)
      const fits = contexts.filter((context) => context <= length).length
      matches.push({ next, slot, mass: massOf(next, source), fits })
    }
    return matches
  }

  return { vocabulary, frequencies, matchesOf }
}
