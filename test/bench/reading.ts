import { randomUUID } from 'node:crypto'
import { answerTo, nowMs, type Shape, stampsMs, withoutStamps } from './model-answer.ts'

/** One answer as it comes in. Its clock runs from the moment it is made. */
export interface Reading {
  readonly question: string
  readonly shape: Shape
  /** `offset` is where it begins in the answer; absent: where the text ends so far. */
  take(text: string, offset?: number): void
  text(): string
  /** Throws where the text is not, to the character, what the model server said. */
  times(): Times
}

export interface Times {
  firstTokenMs: number
  /** From the model server's write to this read, for each token after the first, where they are stamped. */
  transitsMs: number[]
}

function createReading(shape: Shape, onText: (text: string) => void): Reading {
  const question = randomUUID()
  const startMs = nowMs()
  let firstTokenMs: number | null = null
  const transitsMs: number[] = []
  let text = ''

  return {
    question,
    shape,
    take(more, offset = text.length) {
      const readMs = nowMs()
      text = text.slice(0, offset) + more
      if (shape.stamped) for (const writtenMs of stampsMs(more)) transitsMs.push(readMs - writtenMs)
      firstTokenMs ??= readMs - startMs
      onText(more)
    },
    text: () => text,
    times() {
      const expected = answerTo(question, shape.tokens).join('')
      const got = withoutStamps(text)
      if (firstTokenMs === null || got !== expected) throw new Error(`A wrong answer: ${difference(got, expected)}`)
      return { firstTokenMs, transitsMs: transitsMs.slice(1) }
    },
  }
}

function difference(got: string, expected: string): string {
  let at = 0
  while (got[at] === expected[at]) at++
  const [is, due] = [got, expected].map((text) => JSON.stringify(text.slice(at, at + 20)))
  return `${got.length} characters of ${expected.length}; at ${at} stands ${is} in the place of ${due}`
}

/** Sends the question at once and resolves when the answer has ended. */
export type Ask = (reading: Reading) => Promise<void>

export async function askOnce(ask: Ask, shape: Shape, onText = (_text: string) => {}): Promise<Times> {
  const reading = createReading(shape, onText)
  await ask(reading)
  return reading.times()
}
