import { parentPort } from 'node:worker_threads'
import type { Encoding } from './tokens.ts'

// Runs in a thread of its own, from a bundle of its own.

export interface TokenQuestion {
  id: number
  encoding: Encoding
  texts: string[]
}

export interface TokenAnswer {
  id: number
  /** Of each text. */
  counts: number[]
}

// What merges tokens takes time with the square of a run without a break: 31 s for 200,000 letters. Slices make it
// linear, at the cost of a token too many here and there.
const sliceLength = 512

const encodings = {
  o200k_base: () => import('gpt-tokenizer/encoding/o200k_base'),
  cl100k_base: () => import('gpt-tokenizer/encoding/cl100k_base'),
}

// What people write is text, also where it looks like a control token, which the tokenizer else throws at.
const asText = { disallowedSpecial: new Set<string>() }

async function answerOf({ id, encoding, texts }: TokenQuestion): Promise<TokenAnswer> {
  const { countTokens } = await encodings[encoding]()
  const counts = texts.map((text) => {
    let tokens = 0
    for (let from = 0; from < text.length; from += sliceLength) {
      tokens += countTokens(text.slice(from, from + sliceLength), asText)
    }
    return tokens
  })
  return { id, counts }
}

parentPort?.on('message', async (question: TokenQuestion) => {
  parentPort?.postMessage(await answerOf(question))
})
