import { useCallback, useEffect, useRef } from 'react'
import { useMutation, useQuery } from 'urql'
import { nodesOf } from '../connection/nodes.ts'
import { sentence } from '../connection/sentence.ts'
import { useEvents } from '../connection/use-events.ts'
import { graphql } from '../generated/gql.ts'
import type { MessageFieldsFragment } from '../generated/graphql.ts'
import { useAnswer } from '../message/use-answer.ts'

const ConversationQuery = graphql(`
  query Conversation($id: ID!) {
    conversation(id: $id) {
      id
      viewerRole
      eventCursor
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

const ConversationEvents = graphql(`
  subscription ConversationEvents($id: ID!, $after: Cursor!) {
    conversationEvents(conversationId: $id, after: $after) { __typename }
  }
`)

const MarkRead = graphql(`
  mutation MarkRead($id: ID!) {
    markRead(messageId: $id) { __typename }
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
}

/** What is stored of a conversation, the answer that is live in it, and what one can do with it. */
export function useConversation({ conversationId, model, onStarted }: ConversationOptions) {
  const { stored, isMissing, problem, refresh } = useStored(conversationId)
  const { asked, answer, isAnswering, ask, watch } = useAnswer()
  useFreshness(stored, refresh)
  const [cancelling, cancel] = useMutation(CancelCompletion)

  const completionId = answer.completion?.id
  const startedId = answer.completion?.conversation?.id
  const activeId = stored?.activeCompletions[0]?.id
  useEffect(() => {
    if (startedId !== undefined && conversationId === null) onStarted(startedId)
  }, [startedId, conversationId, onStarted])
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is stored changes when an answer begins and when it ends
  useEffect(() => {
    if (completionId !== undefined && conversationId !== null) refresh()
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

/** Reads it again when anything happens in it, and tells the server what was read. */
function useFreshness(stored: ReturnType<typeof useStored>['stored'], refresh: () => void) {
  // The first that was read: a later one would be another subscription.
  const after = useRef<string>(undefined)
  after.current ??= stored?.eventCursor
  const variables = stored && after.current ? { id: stored.id, after: after.current } : null
  useEvents(ConversationEvents, variables, refresh)

  const lastId = nodesOf(stored?.messages.edges ?? null).at(-1)?.id
  const [, markRead] = useMutation(MarkRead)
  useEffect(() => {
    if (lastId !== undefined) void markRead({ id: lastId })
  }, [lastId, markRead])
}
