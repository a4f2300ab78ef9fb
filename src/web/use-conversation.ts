import { useCallback, useEffect } from 'react'
import { useMutation, useQuery } from 'urql'
import { graphql } from './generated/gql.ts'
import type { MessageFieldsFragment } from './generated/graphql.ts'
import { sentence } from './sentence.ts'
import { useAnswer } from './use-answer.ts'

const ConversationQuery = graphql(`
  query Conversation($id: ID!) {
    conversation(id: $id) {
      id
      viewerRole
      ...TitleFields
      defaults { model }
      activeCompletions { id }
      messages(last: 50) {
        edges { node { ...MessageFields } }
        pageInfo { hasPreviousPage startCursor }
      }
    }
  }
`)

const CancelCompletion = graphql(`
  mutation CancelCompletion($id: ID!) {
    cancelCompletion(id: $id) {
      __typename
      ... on CancelCompletionPayload { completion { id status } }
      ... on Error { message }
    }
  }
`)

export interface ConversationOptions {
  /** null: a conversation that has yet to begin */
  conversationId: string | null
  /** empty for the server's choice */
  model: string
  onStarted: (conversationId: string) => void
  onListChanged: () => void
}

/** What is stored of a conversation, the answer that is live in it, and what one can do with it. */
export function useConversation({ conversationId, model, onStarted, onListChanged }: ConversationOptions) {
  const { stored, isMissing, problem, refresh } = useStored(conversationId)
  const { asked, answer, isAnswering, ask, watch } = useAnswer()
  const [cancelling, cancel] = useMutation(CancelCompletion)

  const completionId = answer.completion?.id
  const startedId = answer.completion?.conversation?.id
  const activeId = stored?.activeCompletions[0]?.id
  useEffect(() => {
    if (startedId !== undefined && conversationId === null) onStarted(startedId)
  }, [startedId, conversationId, onStarted])
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is stored changes when an answer begins and when it ends
  useEffect(() => {
    if (completionId === undefined) return
    if (conversationId !== null) refresh()
    onListChanged()
  }, [completionId, answer.ended])
  useEffect(() => {
    if (activeId !== undefined && activeId !== completionId && !isAnswering) watch(activeId)
  }, [activeId, completionId, isAnswering, watch])

  const input = { conversationId: conversationId ?? undefined, model: model || undefined }
  const askNext = (question: string) => ask({ ...input, messages: [{ role: 'USER', content: question }] })
  const askAgain = (message: MessageFieldsFragment) =>
    ask({ ...input, parentId: message.parent?.id, messages: [] }, message.id)
  const stop = () => void (completionId !== undefined && cancel({ id: completionId }))

  const refusal = cancelling.data?.cancelCompletion
  const stopProblem = refusal && 'message' in refusal ? refusal.message : cancelling.error && sentence(cancelling.error)
  return {
    stored,
    isMissing,
    asked,
    answer,
    isAnswering,
    problem: answer.problem ?? stopProblem ?? problem,
    askNext,
    askAgain: isAnswering ? null : askAgain,
    stop: completionId === undefined ? null : stop,
  }
}

function useStored(conversationId: string | null) {
  const [{ data, error, fetching }, execute] = useQuery({
    query: ConversationQuery,
    variables: { id: conversationId ?? '' },
    pause: conversationId === null,
    requestPolicy: 'cache-and-network',
  })
  const refresh = useCallback(() => execute({ requestPolicy: 'network-only' }), [execute])
  return {
    stored: data?.conversation ?? null,
    isMissing: conversationId !== null && !fetching && data?.conversation === null,
    problem: error ? sentence(error) : null,
    refresh,
  }
}
