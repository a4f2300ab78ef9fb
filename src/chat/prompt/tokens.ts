import { contentOf, type WireMessage } from './wire-message.ts'

export type Encoding = 'o200k_base' | 'cl100k_base'

// As OpenAI's tiktoken has them; a model may be named with its provider, or be a fine-tuned one:
// https://github.com/openai/tiktoken/blob/main/tiktoken/model.py
const o200k = /^(?:openai\/|ft:)?(?:gpt-4o|gpt-4\.[15]|gpt-5|chatgpt-4o|o[1-9]|codex|demo)(?:$|[-.:])/
const cl100k = /^(?:openai\/|ft:)?(?:gpt-4|gpt-3\.5)(?:$|[-.:])/

/** null where it is not known: counts are estimates then. */
export function encodingOf(model: string): Encoding | null {
  if (o200k.test(model)) return 'o200k_base'
  return cl100k.test(model) ? 'cl100k_base' : null
}

export const hasKnownEncoding = (model: string): boolean => encodingOf(model) !== null

/** What the wire's framing costs each message, as OpenAI's cookbook counts. */
const tokensPerMessage = 4
// Priced by pixels, seconds and pages, which we do not look for, and never by bytes: 765 for a picture of 1024 x 1024
// at OpenAI, some 1,400 at Anthropic. As text, its base64 would be a hundred times that.
const tokensPerMedium = 1_000

/** What a message costs beside its text. */
export const tokensBeside = (media: number): number => tokensPerMessage + media * tokensPerMedium

/** Within a third or so for ordinary prose, and free. */
export function roughTokens(message: WireMessage): number {
  const { text, media } = contentOf(message)
  return Math.ceil(Buffer.byteLength(text) / 4) + tokensBeside(media)
}
