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
        error { message }
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
  }
`)

/** As often as a screen can show it. */
const flushMs = 16

export interface Asked {
  input: CompletionStreamInput
  /** shown until it is stored */
  question: string | null
  /** known beforehand where we only watch */
  completionId: string | null
  /** the message that this answer takes the place of */
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
    const { unsubscribe } = client.subscription(CompletionStream, { input: asked.input }).subscribe((result) => {
      const { data, error, hasNext } = result
      if (error) setAnswer((answer) => ({ ...answer, problem: sentence(error) }))
      // At the end of the stream urql hands out its last event once more.
      else if (data && hasNext) setAnswer((answer) => fold(answer, data.completionStream))
    })
    return unsubscribe
  }, [client, asked])

  const ask = useCallback((completion: CreateCompletionInput, insteadOf: string | null = null) => {
    // The key makes the same start, sent again after a lost connection, attach instead of asking twice. Not of
    // crypto.randomUUID, which a page has over https and from localhost alone.
    const idempotencyKey = uuid()
    const question = completion.messages[0]?.content ?? null
    setAnswer(noAnswer)
    setAsked({ input: { start: { idempotencyKey, completion, flushMs } }, question, completionId: null, insteadOf })
  }, [])

  const watch = useCallback((completionId: string) => {
    setAsked({ input: { watch: { completionId, flushMs } }, question: null, completionId, insteadOf: null })
  }, [])

  const isAnswering = asked !== null && !answer.ended && answer.problem === null
  return { asked, answer, isAnswering, ask, watch }
}
