import { useCallback, useEffect, useRef, useState } from 'react'
import { useClient } from 'urql'
import { sentence } from '../connection/sentence.ts'
import { graphql } from '../generated/gql.ts'
import type { CreateCompletionInput, MessageFieldsFragment } from '../generated/graphql.ts'
import { type Draft, messageOf, useAnswer } from '../message/use-answer.ts'
import { useQueue } from './use-queue.ts'
import { useStop } from './use-stop.ts'
import { useStoredConversation } from './use-stored-conversation.ts'

const ReplaceMessage = graphql(`
  mutation ReplaceMessage($input: CreateMessageInput!) {
    createMessage(input: $input) {
      __typename
      ... on MessagePayload { createdMessage { id } }
      ... on Error { message }
    }
  }
`)

export interface ConversationOptions {
  /** Null if there is no conversation yet. */
  conversationId: string | null
  /** Empty if the server chooses. */
  model: string
  onStarted: (conversationId: string) => void
}

/** The stored conversation, the answer that is being written in it, and the actions on it. */
export function useConversation({ conversationId, model, onStarted }: ConversationOptions) {
  const conversation = useStoredConversation(conversationId)
  const { stored, messages, refresh } = conversation
  const { asked, answer, isAnswering, ask, watch, forget } = useAnswer()

  const completionId = answer.completion?.id
  const startedId = answer.completion?.conversation?.id
  const activeId = stored?.activeCompletions[0]?.id
  useEffect(() => {
    if (startedId !== undefined && conversationId === null) onStarted(startedId)
  }, [startedId, conversationId, onStarted])
  // biome-ignore lint/correctness/useExhaustiveDependencies: the stored messages change when an answer begins and ends
  useEffect(() => {
    if (completionId !== undefined && conversationId !== null) refresh()
  }, [completionId, answer.ended])
  useEffect(() => {
    if (activeId !== undefined && activeId !== completionId && !isAnswering) watch(activeId)
  }, [activeId, completionId, isAnswering, watch])

  const actions = useAsking({ conversationId, model, ask })
  const queue = useQueue({
    isAnswering,
    isSettled: answer.completion === null || messages.some((message) => isEndOf(message, completionId)),
    hasTrouble: asked !== null && answer.ended && answer.completion?.status !== 'COMPLETED',
    ask: actions.askNext,
  })
  const { stop, problem: stopProblem } = useStop(isAnswering ? completionId : undefined)
  return {
    ...conversation,
    asked,
    answer,
    isAnswering,
    forget,
    queue,
    problem: answer.problem ?? actions.problem ?? stopProblem ?? conversation.problem,
    askAgain: isAnswering ? null : actions.askAgain,
    askEdited: isAnswering ? null : actions.askEdited,
    stop,
  }
}

function isEndOf({ completion, status }: MessageFieldsFragment, completionId: string | undefined): boolean {
  return completionId !== undefined && completion?.id === completionId && status !== 'STREAMING'
}

interface AskingOptions extends Pick<ConversationOptions, 'conversationId' | 'model'> {
  ask: ReturnType<typeof useAnswer>['ask']
}

/** The functions that ask. They never change, so that they do not cause messages to be rendered again. */
function useAsking({ conversationId, model, ask }: AskingOptions) {
  const client = useClient()
  const [problem, setProblem] = useState<string | null>(null)
  const input = useRef<Omit<CreateCompletionInput, 'messages'>>({})
  // A question that is asked while another answer is being written waits for the end of that answer.
  input.current = { conversationId: conversationId ?? undefined, model: model || undefined, ifBusy: 'QUEUE' }

  const askNext = useCallback((question: Draft) => ask({ completion: input.current, question, insteadOf: null }), [ask])
  const askAgain = useCallback(
    (message: MessageFieldsFragment) => {
      const completion = { ...input.current, parentId: message.parent?.id }
      ask({ completion, question: null, insteadOf: message.id })
    },
    [ask],
  )
  const askEdited = useCallback(
    async (message: MessageFieldsFragment, text: string) => {
      const pictures = message.parts.flatMap((part) => (part.__typename === 'ImagePart' ? part.url : []))
      const question = { text, pictures }
      const edit = { conversationId: input.current.conversationId ?? '', replaces: message.id }
      const { data, error } = await client.mutation(ReplaceMessage, {
        input: { ...edit, message: messageOf(question) },
      })
      const result = data?.createMessage
      setProblem(error ? sentence(error) : result && 'message' in result ? result.message : null)
      if (result?.__typename !== 'MessagePayload') return
      ask({ completion: { ...input.current, parentId: result.createdMessage.id }, question: null, insteadOf: null })
    },
    [client, ask],
  )
  return { askNext, askAgain, askEdited, problem }
}
