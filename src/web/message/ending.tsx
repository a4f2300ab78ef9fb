import { graphql } from '../generated/gql.ts'
import type { CompletionFieldsFragment, FinishReason } from '../generated/graphql.ts'

graphql(`
  fragment CompletionFields on Completion {
    id
    model
    modelUsed
    status
    createdAt
    finishedAt
    error { code message retryable }
    usage { promptTokens completionTokens reasoningTokens totalTokens costMicros source }
    choices { index finishReason }
    conversation { id }
  }
`)

type Status = CompletionFieldsFragment['status']
type ErrorCode = NonNullable<CompletionFieldsFragment['error']>['code']

const statusSentences: Record<Status, string | null> = {
  IN_PROGRESS: null,
  COMPLETED: null,
  CANCELLED: 'Stopped. What was written so far is kept.',
  FAILED: 'The answer failed.',
  INTERRUPTED: 'The answer was cut off. What was written so far is kept.',
}

const finishSentences: Partial<Record<FinishReason, string>> = {
  LENGTH: 'The answer ends here because it reached its length limit. Ask the model to go on.',
  CONTENT_FILTER: 'The answer ends here because a content filter stopped it.',
}

/** What to do, for errors whose message says only what happened. */
const cures: Partial<Record<ErrorCode, string>> = {
  CONTENT_FILTER: 'Put the question in other words.',
  UPSTREAM_AUTH: 'Whoever runs this server has to check its key for the model.',
  UPSTREAM_RATE_LIMITED: 'Wait a minute before you try again, or choose another model.',
  UPSTREAM_UNAVAILABLE: 'Try again, or choose another model.',
  UPSTREAM_REFUSED: 'Shorten the conversation or change its settings before you try again.',
}

interface EndingProps {
  completion: CompletionFieldsFragment
  choiceIndex: number
  onRetry: (() => void) | null
}

/** Tells how an answer ended that did not end well. */
export function Ending({ completion, choiceIndex, onRetry }: EndingProps) {
  const { status, error, choices } = completion
  const isTrouble = status === 'FAILED' || status === 'INTERRUPTED'
  const finishReason = choices.find(({ index }) => index === choiceIndex)?.finishReason
  const sentence = statusSentences[status] ?? (finishReason && finishSentences[finishReason])
  if (!sentence) return null
  if (!isTrouble) return <p className="note">{sentence}</p>
  return (
    <div className="problem">
      <p>
        {sentence} {error?.message} {error && cures[error.code]}
      </p>
      {onRetry && (
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  )
}

/** The model, the number of tokens, their cost, and the duration. */
export function costOf({ model, modelUsed, usage, createdAt, finishedAt }: CompletionFieldsFragment): string {
  const name = modelUsed ?? model
  const seconds = finishedAt ? (Date.parse(finishedAt) - Date.parse(createdAt)) / 1_000 : null
  const time = seconds === null ? null : `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`
  if (!usage || usage.source === 'NONE') return name
  const about = usage.source === 'ESTIMATED' ? 'about ' : ''
  const tokens = `${about}${usage.totalTokens.toLocaleString('en')} tokens`
  const dollars = typeof usage.costMicros === 'number' ? `$${(usage.costMicros / 1e6).toFixed(4)}` : null
  return [name, tokens, dollars, time].filter((part) => part !== null).join(' · ')
}

/** The same with all details, for the tooltip. */
export function detailsOf({ usage }: CompletionFieldsFragment): string | undefined {
  if (!usage || usage.source === 'NONE') return undefined
  const reasoning = usage.reasoningTokens > 0 ? `, ${usage.reasoningTokens} of them for reasoning` : ''
  const source = usage.source === 'ESTIMATED' ? 'estimated by this server' : 'counted by the provider'
  return `${usage.promptTokens} tokens sent, ${usage.completionTokens} written${reasoning}; ${source}`
}
