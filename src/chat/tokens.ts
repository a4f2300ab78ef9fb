import { setImmediate as turn } from 'node:timers/promises'
import { contentOf, type WireMessage } from './wire-message.ts'

type Count = (text: string) => number

type Encoding = 'o200k_base' | 'cl100k_base'

const loading = new Map<Encoding, Promise<Count>>()

// As OpenAI's tiktoken has them; a model may be named with its provider, or be a fine-tuned one:
// https://github.com/openai/tiktoken/blob/main/tiktoken/model.py
const o200k = /^(?:openai\/|ft:)?(?:gpt-4o|gpt-4\.[15]|gpt-5|chatgpt-4o|o[1-9]|codex|demo)(?:$|[-.:])/
const cl100k = /^(?:openai\/|ft:)?(?:gpt-4|gpt-3\.5)(?:$|[-.:])/

/** null where it is not known: counts are estimates then. */
function encodingOf(model: string): Encoding | null {
  if (o200k.test(model)) return 'o200k_base'
  return cl100k.test(model) ? 'cl100k_base' : null
}

export const hasKnownEncoding = (model: string): boolean => encodingOf(model) !== null

// What merges tokens takes time with the square of a run without a break: 31 s for 200,000 letters. Slices make it
// linear, at the cost of a token too many here and there.
const sliceLength = 512
const slicesPerTurn = 100

// Some 70 MB once loaded, so that only what needs counts pays for it.
async function load(encoding: Encoding): Promise<Count> {
  const { countTokens: count } =
    encoding === 'o200k_base'
      ? await import('gpt-tokenizer/encoding/o200k_base')
      : await import('gpt-tokenizer/encoding/cl100k_base')
  // What people write is text, also where it looks like a control token, which the tokenizer else throws at.
  const asText = { disallowedSpecial: new Set<string>() }
  return (text) => count(text, asText)
}

/** By the model's encoding where it is known, else by that of OpenAI's current models. Lets others run between slices. */
export async function countTokens(model: string, texts: readonly string[]): Promise<number[]> {
  const encoding = encodingOf(model) ?? 'o200k_base'
  const loaded = loading.get(encoding) ?? load(encoding)
  loading.set(encoding, loaded)
  const count = await loaded
  const counts: number[] = []
  let slices = 0
  for (const text of texts) {
    let tokens = 0
    for (let from = 0; from < text.length; from += sliceLength) {
      tokens += count(text.slice(from, from + sliceLength))
      slices += 1
      if (slices % slicesPerTurn === 0) await turn()
    }
    counts.push(tokens)
  }
  return counts
}

/** What the wire's framing costs each message, as OpenAI's cookbook counts. */
const tokensPerMessage = 4
// Priced by pixels, seconds and pages, which we do not look for, and never by bytes: 765 for a picture of 1024 x 1024
// at OpenAI, some 1,400 at Anthropic. As text, its base64 would be a hundred times that.
const tokensPerMedium = 1_000

const beside = (media: number): number => tokensPerMessage + media * tokensPerMedium

/** What each message costs of the prompt, counted as `countTokens` does. */
export async function countMessages(model: string, messages: readonly WireMessage[]): Promise<number[]> {
  const contents = messages.map(contentOf)
  const counts = await countTokens(
    model,
    contents.map(({ text }) => text),
  )
  return contents.map(({ media }, index) => (counts[index] ?? 0) + beside(media))
}

/** Within a third or so for ordinary prose, and free. */
export function roughTokens(message: WireMessage): number {
  const { text, media } = contentOf(message)
  return Math.ceil(Buffer.byteLength(text) / 4) + beside(media)
}
