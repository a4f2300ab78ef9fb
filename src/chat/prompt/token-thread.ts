import { parentPort } from 'node:worker_threads'
import type { Encoding } from './tokens.ts'

// Runs in a separate thread, from a separate bundle.

export interface TokenQuestion {
  id: number
  encoding: Encoding
  texts: string[]
}

export interface TokenAnswer {
  id: number
  /** The count of each text. */
  counts: number[]
}

// The merging of tokens takes time that grows with the square of an unbroken run of letters: 31 s for 200,000. Slices make it
// linear, and sometimes count one token too many.
const sliceLength = 512

const encodings = {
  o200k_base: () => import('gpt-tokenizer/encoding/o200k_base'),
  cl100k_base: () => import('gpt-tokenizer/encoding/cl100k_base'),
}

// Text that looks like a control token is counted as text; by default the tokenizer throws an error for it.
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
