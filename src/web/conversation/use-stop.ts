import { useCallback, useEffect, useState } from 'react'
import { useClient } from 'urql'
import { sentence } from '../connection/sentence.ts'
import { graphql } from '../generated/gql.ts'

const CancelCompletion = graphql(`
  mutation CancelCompletion($id: ID!) {
    cancelCompletion(id: $id) {
      __typename
      ... on CancelCompletionPayload { completion { id status } }
      ... on Error { message }
    }
  }
`)

/** Stops the answer that is being written. An error of this is shown until the answer ends or the next attempt begins. */
export function useStop(completionId: string | undefined) {
  const client = useClient()
  const [problem, setProblem] = useState<string | null>(null)
  // biome-ignore lint/correctness/useExhaustiveDependencies: another answer, or none, has no such problem
  useEffect(() => setProblem(null), [completionId])

  const stop = useCallback(async () => {
    if (completionId === undefined) return
    setProblem(null)
    const { data, error } = await client.mutation(CancelCompletion, { id: completionId })
    const refusal = data?.cancelCompletion
    if (error) setProblem(sentence(error))
    else if (refusal && 'message' in refusal) setProblem(refusal.message)
  }, [client, completionId])

  return { stop: completionId === undefined ? null : stop, problem }
}
