import { memo } from 'react'
import { graphql } from '../generated/gql.ts'
import type { CompletionFieldsFragment, MessageFieldsFragment } from '../generated/graphql.ts'
import { Markdown } from '../markdown/markdown.tsx'
import { Ending } from './ending.tsx'

graphql(`
  fragment MessageFields on Message {
    id
    role
    content
    refusal
    reasoning
    status
    choiceIndex
    author { id name }
    parent { id }
    toolCalls { callId name arguments }
    completion { ...CompletionFields }
  }
`)

const speakerNames: Record<Exclude<MessageFieldsFragment['role'], 'ASSISTANT'>, string> = {
  USER: 'Question',
  SYSTEM: 'System prompt',
  DEVELOPER: 'System prompt',
  TOOL: 'Result of a tool',
}

interface QuestionProps {
  speaker: keyof typeof speakerNames
  author: string | null
  text: string
}

export const Question = memo(function Question({ speaker, author, text }: QuestionProps) {
  return (
    <article
      className="question"
      aria-label={author === null ? speakerNames[speaker] : `${speakerNames[speaker]} by ${author}`}
    >
      {speaker !== 'USER' && <p className="speaker">{speakerNames[speaker]}</p>}
      <p>{text}</p>
    </article>
  )
})

interface AnswerMessageProps {
  content: string
  refusal: string
  reasoning: string
  toolCalls: MessageFieldsFragment['toolCalls']
  completion: CompletionFieldsFragment | null
  choiceIndex: number
  /** it was live on this page, and is announced when it is whole */
  isLive: boolean
  isGrowing: boolean
  onRetry: (() => void) | null
}

export const AnswerMessage = memo(function AnswerMessage(props: AnswerMessageProps) {
  const { content, refusal, reasoning, toolCalls, completion, choiceIndex, isLive, isGrowing, onRetry } = props
  return (
    <article className="answer" aria-label="Answer" aria-live={isLive ? 'polite' : undefined} aria-busy={isGrowing}>
      {reasoning !== '' && (
        <details className="reasoning">
          <summary>Reasoning</summary>
          <Markdown text={reasoning} isGrowing={isGrowing} />
        </details>
      )}
      {content !== '' && <Markdown text={content} isGrowing={isGrowing} />}
      {refusal !== '' && <p className="refusal">{refusal}</p>}
      {toolCalls.map((call) => (
        <pre className="tool-call" key={call.callId}>
          {call.name}({call.arguments})
        </pre>
      ))}
      {isGrowing && <p className="growing">{content === '' ? 'Waiting for the first words' : 'Writing'}</p>}
      {!isGrowing && completion !== null && (
        <Ending completion={completion} choiceIndex={choiceIndex} onRetry={onRetry} />
      )}
    </article>
  )
})
