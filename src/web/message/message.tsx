import { memo } from 'react'
import { CopyButton } from '../frame/copy-button.tsx'
import { Icon } from '../frame/icon.tsx'
import type { CompletionFieldsFragment } from '../generated/graphql.ts'
import { FormattedCode, FormattedText } from '../markdown/formatted.tsx'
import type { ToolCall } from './answer.ts'
import { Branches } from './branches.tsx'
import { costOf, detailsOf, Ending } from './ending.tsx'
import { Reasoning } from './reasoning.tsx'
import { ToolCallCard } from './tool-call-card.tsx'

export interface MessagePlace {
  id: string
  siblingsCount: number
}

interface AnswerMessageProps {
  /** null while it is not stored */
  place: MessagePlace | null
  content: string
  refusal: string
  reasoning: string
  thoughtMs: number | null
  toolCalls: readonly ToolCall[]
  completion: CompletionFieldsFragment | null
  choiceIndex: number
  /** The answer was received live on this page, and is announced when it is complete. */
  isLive: boolean
  isGrowing: boolean
  onRetry: (() => void) | null
  onSwitch: () => void
}

export const AnswerMessage = memo(function AnswerMessage(props: AnswerMessageProps) {
  const { content, refusal, reasoning, toolCalls, completion, choiceIndex, isLive, isGrowing, onRetry } = props
  const isEmpty = content === '' && reasoning === '' && toolCalls.length === 0
  return (
    <article className="answer" aria-label="Answer" aria-live={isLive ? 'polite' : undefined} aria-busy={isGrowing}>
      {reasoning !== '' && (
        <Reasoning text={reasoning} isGrowing={isGrowing && content === ''} thoughtMs={props.thoughtMs} />
      )}
      {content !== '' && <Content text={content} isGrowing={isGrowing} />}
      {refusal !== '' && <p className="refusal">{refusal}</p>}
      {toolCalls.map((call, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: calls only grow, and only at the end
        <ToolCallCard key={index} call={call} />
      ))}
      {isGrowing && <p className="growing">{isEmpty ? 'Waiting for the first words' : 'Writing'}</p>}
      {!isGrowing && completion !== null && (
        <footer className="ending">
          <Ending completion={completion} choiceIndex={choiceIndex} onRetry={onRetry} />
          <AnswerActions {...{ content, completion, onRetry }} place={props.place} onSwitch={props.onSwitch} />
        </footer>
      )}
    </article>
  )
})

interface AnswerActionsProps extends Pick<AnswerMessageProps, 'place' | 'content' | 'onRetry' | 'onSwitch'> {
  completion: CompletionFieldsFragment
}

function AnswerActions({ place, content, completion, onRetry, onSwitch }: AnswerActionsProps) {
  return (
    <div className="actions">
      {place !== null && <Branches {...place} what="answer" onSwitch={onSwitch} />}
      {content !== '' && <CopyButton text={content} label="Copy answer" />}
      {onRetry && (
        <button type="button" className="quiet" aria-label="Regenerate" title="Ask again" onClick={onRetry}>
          <Icon name="regenerate" />
        </button>
      )}
      <p className="cost" title={detailsOf(completion)}>
        {costOf(completion)}
      </p>
    </div>
  )
}

/** An answer that consists of JSON alone is shown as code. */
function Content({ text, isGrowing }: { text: string; isGrowing: boolean }) {
  if (!isJson(text, isGrowing)) return <FormattedText text={text} isGrowing={isGrowing} />
  return <FormattedCode text={isGrowing ? text : JSON.stringify(JSON.parse(text), null, 2)} language="json" />
}

function isJson(text: string, isGrowing: boolean): boolean {
  if (!/^\s*(\{\s*"|\[\s*[{["\d])/.test(text)) return false
  if (isGrowing) return true
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
