import { useState } from 'react'
import { useQuery } from 'urql'
import { nodesOf } from '../connection/nodes.ts'
import { graphql } from '../generated/gql.ts'
import type { MessageFieldsFragment } from '../generated/graphql.ts'
import { type Answer, noText } from './answer.ts'
import { AnswerMessage, Question } from './message.tsx'
import type { Asked } from './use-answer.ts'

const EarlierMessagesQuery = graphql(`
  query EarlierMessages($id: ID!, $before: String) {
    conversation(id: $id) {
      id
      messages(last: 50, before: $before) {
        edges { node { ...MessageFields } }
        pageInfo { hasPreviousPage startCursor }
      }
    }
  }
`)

export type Retry = (message: MessageFieldsFragment) => void

interface MessagesProps {
  stored: MessageFieldsFragment[]
  asked: Asked | null
  answer: Answer
  isAnswering: boolean
  onRetry: Retry | null
}

/** What is stored, with the answer that is live laid over it, or after it while it is not yet among the stored. */
export function Messages({ stored, asked, answer, isAnswering, onRetry }: MessagesProps) {
  const isRejected = answer.problem !== null && answer.completion === null
  const liveId = answer.completion?.id ?? asked?.completionId
  const replaced = stored.findIndex(({ id }) => id === asked?.insteadOf)
  const kept = replaced === -1 || isRejected ? stored : stored.slice(0, replaced)
  const isLive = (message: MessageFieldsFragment) => liveId !== undefined && message.completion?.id === liveId

  const rows = kept.map((message) =>
    isLive(message) ? (
      <LiveAnswer key={liveId} {...{ answer, message, isAnswering, onRetry }} />
    ) : (
      <StoredMessage key={keyOf(message)} message={message} onRetry={onRetry} />
    ),
  )
  if (asked !== null && !isRejected && !kept.some(isLive)) {
    if (asked.question !== null)
      rows.push(<Question key="question" speaker="USER" author={null} text={asked.question} />)
    rows.push(<LiveAnswer key={liveId ?? 'answer'} {...{ answer, message: null, isAnswering, onRetry }} />)
  }
  return rows
}

/** An answer keeps its key from its first word on, so that storing it does not draw it anew. */
function keyOf({ id, completion, choiceIndex }: MessageFieldsFragment): string {
  return completion && !choiceIndex ? completion.id : id
}

interface LiveAnswerProps extends Pick<MessagesProps, 'answer' | 'isAnswering' | 'onRetry'> {
  message: MessageFieldsFragment | null
}

function LiveAnswer({ answer, message, isAnswering, onRetry }: LiveAnswerProps) {
  const choiceIndex = message?.choiceIndex ?? 0
  return (
    <AnswerMessage
      {...(answer.choices[choiceIndex] ?? noText)}
      toolCalls={message?.toolCalls ?? []}
      completion={answer.completion}
      choiceIndex={choiceIndex}
      isLive
      isGrowing={isAnswering}
      onRetry={onRetry && message && (() => onRetry(message))}
    />
  )
}

function StoredMessage({ message, onRetry }: { message: MessageFieldsFragment; onRetry: Retry | null }) {
  const { role, author, content, refusal, reasoning, toolCalls, completion, choiceIndex } = message
  if (role !== 'ASSISTANT') return <Question speaker={role} author={author?.name ?? null} text={content ?? ''} />
  return (
    <AnswerMessage
      content={content ?? ''}
      refusal={refusal ?? ''}
      reasoning={reasoning ?? ''}
      toolCalls={toolCalls}
      completion={completion ?? null}
      choiceIndex={choiceIndex ?? 0}
      isLive={false}
      isGrowing={message.status === 'STREAMING'}
      onRetry={onRetry && (() => onRetry(message))}
    />
  )
}

interface EarlierMessagesProps {
  conversationId: string
  before: string | null
  onRetry: Retry | null
}

/** One page further back, when it is asked for; the page before that one follows inside it. */
export function EarlierMessages({ conversationId, before, onRetry }: EarlierMessagesProps) {
  const [isWanted, setWanted] = useState(false)
  const variables = { id: conversationId, before }
  const [{ data }] = useQuery({ query: EarlierMessagesQuery, variables, pause: !isWanted })
  const page = data?.conversation?.messages
  if (!page)
    return (
      <button type="button" className="quiet" disabled={isWanted} onClick={() => setWanted(true)}>
        {isWanted ? 'Loading…' : 'Show earlier messages'}
      </button>
    )
  return (
    <>
      {page.pageInfo.hasPreviousPage && (
        <EarlierMessages conversationId={conversationId} before={page.pageInfo.startCursor ?? null} onRetry={onRetry} />
      )}
      {nodesOf(page.edges).map((message) => (
        <StoredMessage key={keyOf(message)} message={message} onRetry={onRetry} />
      ))}
    </>
  )
}
