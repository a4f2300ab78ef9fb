import { memo, useState } from 'react'
import { graphql } from '../generated/gql.ts'
import type { MessageFieldsFragment } from '../generated/graphql.ts'
import { type Answer, noText } from './answer.ts'
import { AnswerMessage } from './message.tsx'
import { Question } from './question.tsx'
import type { Asked } from './use-answer.ts'

graphql(`
  fragment MessageFields on Message {
    id
    role
    content
    refusal
    reasoning
    status
    choiceIndex
    siblingsCount
    author { id name }
    parent { id }
    parts {
      __typename
      ... on ImagePart { url }
      ... on FilePart { filename }
    }
    toolCalls { callId name arguments }
    completion { ...CompletionFields }
  }
`)

export interface MessageHandlers {
  /** null while nothing can be asked */
  onRetry: ((message: MessageFieldsFragment) => void) | null
  onSave: ((message: MessageFieldsFragment, text: string) => void) | null
  editingId: string | null
  onEdit: (id: string | null) => void
  /** Is called when another branch is selected. */
  onSwitch: () => void
  viewerId: string | null
}

interface MessagesProps extends MessageHandlers {
  stored: readonly MessageFieldsFragment[]
  asked: Asked | null
  answer: Answer
  isAnswering: boolean
}

/**
 * The stored messages with the live answer, which replaces its stored message or, while it is not stored yet, follows the
 * others.
 */
export function Messages({ stored, asked, answer, isAnswering, ...handlers }: MessagesProps) {
  const isRejected = answer.problem !== null && answer.completion === null
  const liveId = answer.completion?.id ?? asked?.completionId
  const isLive = (message: MessageFieldsFragment) => liveId !== undefined && message.completion?.id === liveId
  const isStored = stored.some(isLive)
  // An answer that is only watched, or that was among the stored messages before, is on another branch if it is not stored here.
  const [storedId, setStoredId] = useState<string | null>()
  if (isStored && liveId !== storedId) setStoredId(liveId)
  const isExpected = asked?.input.start !== undefined && (liveId === undefined || liveId !== storedId)
  const isAhead = isExpected && !isRejected && !isStored
  const replaced = stored.findIndex(({ id }) => id === asked?.insteadOf)
  const kept = isAhead && replaced !== -1 ? stored.slice(0, replaced) : stored
  const isShared = new Set(stored.flatMap(({ author }) => author?.id ?? [])).size > 1

  const rows = kept.map((message) =>
    isLive(message) ? (
      <LiveAnswer
        key={liveId}
        {...{ answer, message, isAnswering }}
        onRetry={handlers.onRetry}
        onSwitch={handlers.onSwitch}
      />
    ) : (
      <StoredMessage key={keyOf(message)} message={message} isShared={isShared} {...handlers} />
    ),
  )
  if (isAhead) {
    if (asked.question !== null)
      rows.push(
        <Question
          key="question"
          place={null}
          speaker="USER"
          author={null}
          isAnothers={false}
          isEditing={false}
          onEdit={null}
          onSave={ignore}
          onSwitch={ignore}
          {...asked.question}
        />,
      )
    rows.push(
      <LiveAnswer
        key={liveId ?? 'answer'}
        {...{ answer, isAnswering }}
        message={null}
        onRetry={null}
        onSwitch={ignore}
      />,
    )
  }
  return rows
}

function ignore() {}

/** An answer keeps its key from its first word on, so that it is not rendered again when it is stored. */
function keyOf({ id, completion, choiceIndex }: MessageFieldsFragment): string {
  return completion && !choiceIndex ? completion.id : id
}

interface LiveAnswerProps extends Pick<MessagesProps, 'answer' | 'isAnswering' | 'onRetry' | 'onSwitch'> {
  message: MessageFieldsFragment | null
}

function LiveAnswer({ answer, message, isAnswering, onRetry, onSwitch }: LiveAnswerProps) {
  const choiceIndex = message?.choiceIndex ?? 0
  const { content, refusal, reasoning, thoughtMs, toolCalls } = answer.choices[choiceIndex] ?? noText
  return (
    <AnswerMessage
      {...{ content, refusal, reasoning, thoughtMs, toolCalls, choiceIndex }}
      place={message}
      completion={answer.completion}
      isLive
      isGrowing={isAnswering}
      onRetry={onRetry && message && (() => onRetry(message))}
      onSwitch={onSwitch}
    />
  )
}

interface StoredMessageProps extends MessageHandlers {
  message: MessageFieldsFragment
  /** several people write in the conversation */
  isShared: boolean
}

const StoredMessage = memo(function StoredMessage({ message, isShared, ...handlers }: StoredMessageProps) {
  if (message.role !== 'ASSISTANT')
    return <StoredQuestion message={message} role={message.role} isShared={isShared} {...handlers} />
  const { content, refusal, reasoning, toolCalls, completion, choiceIndex, status } = message
  const { onRetry, onSwitch } = handlers
  return (
    <AnswerMessage
      place={message}
      content={content ?? ''}
      refusal={refusal ?? ''}
      reasoning={reasoning ?? ''}
      thoughtMs={null}
      toolCalls={toolCalls}
      completion={completion ?? null}
      choiceIndex={choiceIndex ?? 0}
      isLive={false}
      isGrowing={status === 'STREAMING'}
      onRetry={onRetry && (() => onRetry(message))}
      onSwitch={onSwitch}
    />
  )
})

interface StoredQuestionProps extends StoredMessageProps {
  role: Exclude<MessageFieldsFragment['role'], 'ASSISTANT'>
}

function StoredQuestion({
  message,
  role,
  isShared,
  editingId,
  onEdit,
  onSave,
  onSwitch,
  viewerId,
}: StoredQuestionProps) {
  const { id, author, content, parts } = message
  const isAnothers = viewerId !== null && author !== null && author !== undefined && author.id !== viewerId
  const pictures = parts.flatMap((part) => (part.__typename === 'ImagePart' ? part.url : []))
  return (
    <Question
      place={message}
      speaker={role}
      author={isAnothers || isShared ? (author?.name ?? 'Somebody') : null}
      isAnothers={isAnothers}
      text={content ?? ''}
      pictures={pictures}
      isEditing={editingId === id}
      onEdit={onSave && role === 'USER' ? (isEditing) => onEdit(isEditing ? id : null) : null}
      onSave={(text) => onSave?.(message, text)}
      onSwitch={onSwitch}
    />
  )
}
