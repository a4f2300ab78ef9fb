import { type Subscription, subscribe } from '../harness/client.ts'
import type { CompletionEvent } from '../harness/completion-documents.ts'
import { isLoss } from './loss.ts'
import { type Question, scriptOf } from './script.ts'
import { differenceOf, joined, nothing, strayIn, type Text, textOf } from './text.ts'

// The text alone, which the server has at hand: what a reader costs is to be the reading.
const document = (padding: string) => `subscription ($input: CompletionStreamInput!) {
  completionStream(input: $input) {
    __typename completionId cursor ${padding}: __typename
    ... on CompletionSnapshot { choices { ...D } }
    ... on CompletionDelta { choices { ...D } }
    ... on CompletionEnded {
      completion {
        id status
        choices { index finishReason message { content refusal reasoning toolCalls { callId name arguments } } }
      }
    }
    ... on CompletionRejected { error { message } }
  }
}
fragment D on ChoiceDelta {
  index content contentOffset refusal refusalOffset reasoning reasoningOffset finishReason
  toolCalls { index callId name arguments argumentsOffset }
}`

export interface ReaderOptions {
  url: string
  name: string
  completionId: string
  question: Question
  over: 'websocket' | 'sse'
  /** Makes each event so much larger. */
  paddingBytes?: number
  /** Told what was not as promised. */
  faults: string[]
}

/** Somebody who watches an answer to its end; whenever the connection is lost, from where it was lost. */
export interface Reader {
  /** The first event is there. */
  begun: Promise<void>
  done: Promise<void>
  leave(): void
  losses(): number
  /** The times between its events since this was asked before. */
  takeGapsMs(): number[]
}

export function createReader(options: ReaderOptions): Reader {
  const { url, name, completionId, question, over, paddingBytes = 1, faults } = options
  const fault = (text: string) => faults.push(`${question.id}, ${over}: ${text}`)
  const query = document('x'.repeat(paddingBytes))
  let current: Subscription<unknown> | null = null
  let text = nothing
  let cursor: string | null = null
  let isOver = false
  let losses = 0
  let gapsMs: number[] = []
  let lastMs: number | null = null
  let tellBegun = () => {}
  const begun = new Promise<void>((resolve) => {
    tellBegun = resolve
  })

  function take(event: CompletionEvent) {
    const nowMs = performance.now()
    if (lastMs !== null) gapsMs.push(nowMs - lastMs)
    lastMs = nowMs
    if (event.__typename === 'CompletionRejected') throw new Error(event.error.message)
    if (event.__typename === 'CompletionSnapshot') text = joined(nothing, event.choices)
    if (event.__typename === 'CompletionDelta') text = joined(text, event.choices)
    if (event.__typename === 'CompletionEnded') end(textOf(event.completion))
    cursor = event.cursor
    tellBegun()
  }

  // Only here: to compare at each event would take more time than to read.
  function end(stored: Text) {
    isOver = true
    const difference = strayIn(text, scriptOf(question).text) ?? differenceOf(text, stored)
    if (difference !== null) fault(difference)
  }

  async function look() {
    const variables = { input: { watch: { completionId, after: cursor } } }
    const events = subscribe<{ completionStream: CompletionEvent }>(url, query, variables, { over, as: name })
    current = events
    for await (const { completionStream } of events) take(completionStream)
    if (!isOver) throw new Error('the stream ended without its end')
  }

  async function lookUntilTheEnd() {
    while (!isOver) {
      try {
        await look()
      } catch (error) {
        if (!isLoss(error)) throw error
        losses += 1
        lastMs = null
      }
    }
  }

  return {
    begun,
    done: lookUntilTheEnd()
      .catch((error: unknown) => void fault(String(error)))
      .finally(() => tellBegun()),
    leave() {
      isOver = true
      current?.drop()
    },
    losses: () => losses,
    takeGapsMs() {
      const taken = gapsMs
      gapsMs = []
      return taken
    },
  }
}
