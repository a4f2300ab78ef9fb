import { Worker } from 'node:worker_threads'
import type { TokenAnswer, TokenQuestion } from './token-thread.ts'
import { type Encoding, encodingOf, tokensBeside } from './tokens.ts'
import { contentOf, type WireMessage } from './wire-message.ts'

/** Counts tokens in a separate thread, so that counting does not delay other work. */
export interface TokenCounter {
  /** Uses the encoding of the model if it is known, else that of OpenAI's current models. */
  countTokens(model: string, texts: readonly string[]): Promise<number[]>
  /** Returns the prompt tokens of each message. */
  countMessages(model: string, messages: readonly WireMessage[]): Promise<number[]>
  /** Ends the thread. What it has not counted by then, and all that is to be counted later, is estimated. */
  stop(): Promise<void>
}

interface Slice {
  /** The index of the text that the slice is from. */
  index: number
  text: string
}

interface Waiting {
  resolve(counts: number[]): void
  reject(error: Error): void
}

// In UTF-16 code units; a multiple of the slices of the thread. A longer text is sent in several requests, one after the result
// of the other, so that short texts are counted in between.
const questionLength = 16_384

/** `threadFile` is the bundled token-thread.ts. */
export function createTokenCounter(threadFile: string): TokenCounter {
  const waiting = new Map<number, Waiting>()
  let worker: Worker | null = null
  let lastId = 0
  let isStopped = false

  function fail(lost: Worker, error: Error) {
    if (worker === lost) worker = null
    for (const { reject } of waiting.values()) reject(error)
    waiting.clear()
  }

  /** The thread is started at the first count, because an encoding takes about 70 MB. */
  function start(): Worker {
    const started = new Worker(threadFile, { execArgv: [] })
    started.unref()
    started.on('message', ({ id, counts }: TokenAnswer) => {
      waiting.get(id)?.resolve(counts)
      waiting.delete(id)
    })
    started.on('error', (error: Error) => fail(started, error))
    started.on('exit', () => fail(started, new Error('The thread that counts tokens has ended')))
    return started
  }

  function ask(encoding: Encoding, texts: string[]): Promise<number[]> {
    if (isStopped) return Promise.reject(new Error('The thread that counts tokens is stopped'))
    worker ??= start()
    lastId += 1
    worker.postMessage({ id: lastId, encoding, texts } satisfies TokenQuestion)
    return new Promise((resolve, reject) => waiting.set(lastId, { resolve, reject }))
  }

  async function countTokens(model: string, texts: readonly string[]): Promise<number[]> {
    const encoding = encodingOf(model) ?? 'o200k_base'
    const counts = texts.map(() => 0)
    for (const question of questionsOf(texts)) {
      const slices = question.map(({ text }) => text)
      // If the thread is lost, at the end of the process or for lack of memory, the tokens are estimated: an answer must get
      // its end even if its tokens cannot be counted.
      const answer = await ask(encoding, slices).catch(() => slices.map(estimate))
      for (const [place, { index }] of question.entries()) counts[index] = (counts[index] ?? 0) + (answer[place] ?? 0)
    }
    return counts
  }

  return {
    countTokens,
    async countMessages(model, messages) {
      const contents = messages.map(contentOf)
      const counts = await countTokens(
        model,
        contents.map(({ text }) => text),
      )
      return contents.map(({ media }, index) => (counts[index] ?? 0) + tokensBeside(media))
    },
    async stop() {
      isStopped = true
      await worker?.terminate()
    },
  }
}

/** Accurate to about a third for ordinary prose. */
const estimate = (text: string) => Math.ceil(Buffer.byteLength(text) / 4)

/** Puts many short texts into one request, and cuts long texts into slices. */
function* questionsOf(texts: readonly string[]): Generator<Slice[]> {
  let question: Slice[] = []
  let length = 0
  for (const [index, text] of texts.entries()) {
    for (let from = 0; from < text.length; from += questionLength) {
      const slice = text.slice(from, from + questionLength)
      if (length + slice.length > questionLength) {
        yield question
        question = []
        length = 0
      }
      question.push({ index, text: slice })
      length += slice.length
    }
  }
  if (question.length > 0) yield question
}
