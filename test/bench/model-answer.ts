/** How the model server answers. It reads this off the name of the model that it is asked for. */
export interface Shape {
  tokens: number
  /** before the first token */
  firstMs: number
  /** between two tokens; 0: all tokens are there at once */
  gapMs: number
  /** Each token carries the time when it was written. */
  stamped: boolean
}

export function modelOf({ tokens, firstMs, gapMs, stamped }: Shape): string {
  return [tokens, firstMs, gapMs, stamped ? 'stamped' : 'plain'].join('-')
}

export function shapeOf(model: string): Shape {
  const [tokens, firstMs, gapMs, stamps] = model.split('-')
  return { tokens: Number(tokens), firstMs: Number(firstMs), gapMs: Number(gapMs), stamped: stamps === 'stamped' }
}

/** in characters, without its stamp */
export const tokenLength = 5

/** Different for each question and place, so that a token that is lost, doubled, moved or another answer's is seen. */
export function answerTo(question: string, tokens: number): string[] {
  let state = 0
  for (const character of question) state = Math.imul(state ^ character.charCodeAt(0), 16_777_619)
  return Array.from({ length: tokens }, () => {
    state = Math.imul(state ^ (state >>> 15), 2_246_822_519) + 1
    return ` ${(state >>> 0).toString(36).padStart(4, '0').slice(-4)}`
  })
}

/** On a clock that all processes of a machine share. */
export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

const stamps = /@([0-9a-z]+)/g

export function stamp(token: string): string {
  return `${token}@${Math.round(nowMs() * 1_000).toString(36)}`
}

export function stampsMs(text: string): number[] {
  return [...text.matchAll(stamps)].map(([, digits = '']) => Number.parseInt(digits, 36) / 1_000)
}

export function withoutStamps(text: string): string {
  return text.replaceAll(stamps, '')
}
