import { setImmediate as nextTurn } from 'node:timers/promises'
import { apiPassages } from './api-passages.ts'
import { closings, fallbacks, openings, thoughts, toolRemarks } from './frame.ts'
import { createNgrams, type Lesson, order, type Walk, type Weigh } from './ngrams.ts'
import { productPassages } from './product-passages.ts'
import { createRelevance } from './relevance.ts'
import { smallTalk } from './small-talk.ts'
import { endOfText, loadTokenizer, type Tokenizer } from './tokenizer.ts'

/** A long answer continues from passage to passage, for about 1,600 tokens. */
export type Manner = 'answer' | 'long' | 'thought' | 'tool-remark'

export interface Language {
  tokenizer: Tokenizer
  vocabulary: readonly number[]
  /** Reads a question. Each call of the returned function begins a new text about it. */
  read(question: string, earlier: string): (manner: Manner) => Walk
}

const passages = [...productPassages, ...apiPassages, ...smallTalk]
const pages = [...passages.map(({ says }) => says), ...fallbacks, ...toolRemarks]
const firstFallback = passages.length
const firstToolRemark = firstFallback + fallbacks.length
const isToolRemark = (topic: number) => topic >= firstToolRemark
const longTokens = 1_600

const unlikely = 1e-4
const offLimits = 1e-8
type Parts = Record<Lesson['part'], number>
const speaking: Parts = { opening: 1, body: 1, closing: 1, bridge: unlikely, thought: offLimits }
const rambling: Parts = { ...speaking, closing: unlikely, bridge: 1 }
const thinking: Parts = { opening: offLimits, body: offLimits, closing: offLimits, bridge: offLimits, thought: 1 }

let loading: Promise<Language> | null = null

/**
 * Loads and trains the model at the first call. A server with a real model saves its 200 ms of CPU time and 70 MB of memory.
 */
export function loadLanguage(): Promise<Language> {
  loading ??= train()
  return loading
}

async function train(): Promise<Language> {
  const tokenizer = await loadTokenizer()
  await nextTurn()
  const lessons = [...pages.flatMap((_, topic) => lessonsOf(topic, tokenizer)), ...lessonsInThought(tokenizer)]
  await nextTurn()
  const ngrams = createNgrams(lessons, endOfText)
  const endSlot = ngrams.vocabulary.indexOf(endOfText)
  const relevance = createRelevance(passages)

  function topicsFor(question: string, earlier: string): (topic: number) => number {
    const fits = relevance(question, earlier)
    return (topic) => {
      if (isToolRemark(topic)) return offLimits
      if (topic >= firstFallback) return fits ? offLimits : 1
      return fits?.[topic] ?? offLimits
    }
  }

  function begin(manner: Manner, topics: (topic: number) => number): Walk {
    if (manner === 'thought') return ngrams.walk(weighBy(() => 1, thinking))
    if (manner === 'tool-remark')
      return ngrams.walk(weighBy((topic) => (isToolRemark(topic) ? 1 : offLimits), speaking))
    if (manner === 'answer') return ngrams.walk(weighBy(topics, speaking))
    return lasting(ngrams.walk(weighBy(topics, rambling)), endSlot, weighBy(topics, speaking))
  }

  return {
    tokenizer,
    vocabulary: ngrams.vocabulary,
    read(question, earlier) {
      const topics = topicsFor(question, earlier)
      return (manner) => begin(manner, topics)
    },
  }
}

function weighBy(topics: (topic: number) => number, parts: Parts): Weigh {
  return (topic, part) => topics(topic) * parts[part]
}

/** A walk that can end only when it has `longTokens` tokens. */
function lasting(walk: Walk, endSlot: number, then: Weigh): Walk {
  let taken = 0
  return {
    ...walk,
    odds() {
      const odds = walk.odds()
      if (taken < longTokens) odds[endSlot] = Number.MIN_VALUE
      return odds
    },
    take(token) {
      walk.take(token)
      taken++
      if (taken === longTokens) walk.reweigh(then)
    },
  }
}

/**
 * The lessons of one page: the page itself, its beginning after each opening, its end before each closing, and its end before
 * the beginning of the page that follows in a long answer.
 */
function lessonsOf(topic: number, { encode }: Tokenizer): Lesson[] {
  const page = encode(pages[topic] ?? '')
  const next = encode(pages[(topic + 1) % passages.length] ?? '')
  // The full stop and the line breaks after it are one token.
  const body = encode(`${pages[topic]}\n\n`)
  return [
    ...openings.map((opening): Lesson => {
      const tokens = [endOfText, ...encode(`${opening}\n\n`), ...page.slice(0, order + 1)]
      return { tokens, topic, part: 'opening' }
    }),
    { tokens: body.slice(0, -1), topic, part: 'body' },
    { tokens: [...body.slice(-1 - order), ...next.slice(0, order + 1)], topic, part: 'bridge' },
    ...closings.map((closing): Lesson => {
      return { tokens: [...page.slice(-1 - order), ...encode(closing), endOfText], topic, part: 'closing' }
    }),
  ]
}

function lessonsInThought({ encode }: Tokenizer): Lesson[] {
  return thoughts.map((thought) => ({ tokens: [endOfText, ...encode(thought), endOfText], topic: -1, part: 'thought' }))
}
