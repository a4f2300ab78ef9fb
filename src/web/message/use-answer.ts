import { useCallback, useEffect, useState } from 'react'
import { useClient } from 'urql'
import { v4 as uuid } from 'uuid'
import { sentence } from '../connection/sentence.ts'
import { graphql } from '../generated/gql.ts'
import type { CompletionStreamInput, CreateCompletionInput } from '../generated/graphql.ts'
import { type Answer, fold, noAnswer } from './answer.ts'

const CompletionStream = graphql(`
  subscription CompletionStream($input: CompletionStreamInput!) {
    completionStream(input: $input) {
      __typename
      ... on CompletionSnapshot {
        completion { ...CompletionFields }
        choices { ...ChoiceFields }
      }
      ... on CompletionDelta {
        choices { ...ChoiceFields }
      }
      ... on CompletionEnded {
        completion { ...CompletionFields }
      }
      ... on CompletionRejected {
        error {
          __typename
          message
          ... on RateLimited { retryAfterMs }
          ... on QuotaExceeded { resetsAt }
        }
      }
    }
  }
`)

graphql(`
  fragment ChoiceFields on ChoiceDelta {
    index
    content
    contentOffset
    refusal
    refusalOffset
    reasoning
    reasoningOffset
    toolCalls { index callId name arguments argumentsOffset }
  }
`)

/** A screen cannot show more updates than one in this time. */
const flushMs = 16

/** A question before it is sent. */
export interface Draft {
  text: string
  /** As data: URLs. */
  pictures: readonly string[]
}

export interface Asked {
  input: CompletionStreamInput
  /** shown until it is stored */
  question: Draft | null
  /** Known in advance if the answer is only watched. */
  completionId: string | null
  /** The id of the message that the new question or answer replaces. */
  insteadOf: string | null
}

export interface Asking {
  completion: Omit<CreateCompletionInput, 'messages'>
  question: Draft | null
  insteadOf: string | null
}

/** Starts or watches one answer at a time, and collects its text. Leaving the page does not stop the answer. */
export function useAnswer() {
  const client = useClient()
  const [asked, setAsked] = useState<Asked | null>(null)
  const [answer, setAnswer] = useState<Answer>(noAnswer)

  useEffect(() => {
    if (asked === null) return
    setAnswer(noAnswer)
    let isHere = true
    let hasBegun = asked.input.start === undefined
    const { unsubscribe } = client.subscription(CompletionStream, { input: asked.input }).subscribe((result) => {
      const { data, error, hasNext } = result
      hasBegun = true
      if (!isHere) unsubscribe()
      else if (error) setAnswer((answer) => ({ ...answer, problem: sentence(error) }))
      // At the end of the stream urql delivers the last event again.
      else if (data && hasNext) setAnswer((answer) => fold(answer, data.completionStream, performance.now()))
    })
    return () => {
      isHere = false
      // If the person leaves right after the question was asked, the subscription ends only when the server has received the
      // question.
      if (hasBegun) unsubscribe()
    }
  }, [client, asked])

  const ask = useCallback(({ completion, question, insteadOf }: Asking) => {
    const messages = question === null ? [] : [messageOf(question)]
    // With this key, a start that is sent again after a lost connection attaches to the same answer and does not ask twice. It
    // is not made by crypto.randomUUID, which a page has only over HTTPS and on localhost.
    const start = { idempotencyKey: uuid(), completion: { ...completion, messages }, flushMs }
    setAnswer(noAnswer)
    setAsked({ input: { start }, question, completionId: null, insteadOf })
  }, [])

  const watch = useCallback((completionId: string) => {
    setAsked({ input: { watch: { completionId, flushMs } }, question: null, completionId, insteadOf: null })
  }, [])

  const forget = useCallback(() => {
    setAsked(null)
    setAnswer(noAnswer)
  }, [])

  const isAnswering = asked !== null && !answer.ended && answer.problem === null
  return { asked, answer, isAnswering, ask, watch, forget }
}

export function messageOf({ text, pictures }: Draft): CreateCompletionInput['messages'][number] {
  if (pictures.length === 0) return { role: 'USER', content: text }
  const images = pictures.map((url) => ({ image: { url } }))
  return { role: 'USER', parts: text === '' ? images : [{ text }, ...images] }
}
