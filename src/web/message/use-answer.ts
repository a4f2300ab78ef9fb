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

/** As often as a screen can show it. */
const flushMs = 16

/** A question before it is sent. */
export interface Draft {
  text: string
  /** as data: addresses */
  pictures: readonly string[]
}

export interface Asked {
  input: CompletionStreamInput
  /** shown until it is stored */
  question: Draft | null
  /** known beforehand where we only watch */
  completionId: string | null
  /** the message that what is asked takes the place of */
  insteadOf: string | null
}

export interface Asking {
  completion: Omit<CreateCompletionInput, 'messages'>
  question: Draft | null
  insteadOf: string | null
}

/** One answer at a time: begun or watched, and folded as it comes. Leaving stops nothing. */
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
      // At the end of the stream urql hands out its last event once more.
      else if (data && hasNext) setAnswer((answer) => fold(answer, data.completionStream, performance.now()))
    })
    return () => {
      isHere = false
      // Whoever leaves right after the question has asked it: the server must hear of it first.
      if (hasBegun) unsubscribe()
    }
  }, [client, asked])

  const ask = useCallback(({ completion, question, insteadOf }: Asking) => {
    const messages = question === null ? [] : [messageOf(question)]
    // The key makes the same start, sent again after a lost connection, attach instead of asking twice. Not of
    // crypto.randomUUID, which a page has over https and from localhost alone.
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
