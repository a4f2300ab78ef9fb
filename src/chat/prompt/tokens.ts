import { contentOf, type WireMessage } from './wire-message.ts'

export type Encoding = 'o200k_base' | 'cl100k_base'

// The encodings of OpenAI's tiktoken. The name of a model may begin with its provider, and the model may be a fine-tuned one:
// https://github.com/openai/tiktoken/blob/main/tiktoken/model.py
const o200k = /^(?:openai\/|ft:)?(?:gpt-4o|gpt-4\.[15]|gpt-5|chatgpt-4o|o[1-9]|codex|demo)(?:$|[-.:])/
const cl100k = /^(?:openai\/|ft:)?(?:gpt-4|gpt-3\.5)(?:$|[-.:])/

/** null if the encoding is not known. Then counts are estimates. */
export function encodingOf(model: string): Encoding | null {
  if (o200k.test(model)) return 'o200k_base'
  return cl100k.test(model) ? 'cl100k_base' : null
}

export const hasKnownEncoding = (model: string): boolean => encodingOf(model) !== null

/** The tokens that the format of a request adds to each message, according to OpenAI's cookbook. */
const tokensPerMessage = 4
// Media are priced by pixels, seconds and pages, which are not examined here, and never by bytes: 765 tokens for an image of
// 1024 x 1024 at OpenAI, about 1,400 at Anthropic. Its base64, counted as text, would be a hundred times as much.
const tokensPerMedium = 1_000

/** The tokens of a message beside its text. */
export const tokensBeside = (media: number): number => tokensPerMessage + media * tokensPerMedium

/** An estimate that costs no time. Accurate to about a third for ordinary prose. */
export function roughTokens(message: WireMessage): number {
  const { text, media } = contentOf(message)
  return Math.ceil(Buffer.byteLength(text) / 4) + tokensBeside(media)
}
