import { graphql } from '../generated/gql.ts'
import type { CompletionFieldsFragment, FinishReason } from '../generated/graphql.ts'

graphql(`
  fragment CompletionFields on Completion {
    id
    model
    modelUsed
    status
    error { code message }
    usage { totalTokens costMicros source }
    choices { index finishReason }
    conversation { id }
  }
`)

type Status = CompletionFieldsFragment['status']

const statusSentences: Record<Status, string | null> = {
  IN_PROGRESS: null,
  COMPLETED: null,
  CANCELLED: 'Stopped. What was written so far is kept.',
  FAILED: 'The answer failed.',
  INTERRUPTED: 'The answer was cut off. What was written so far is kept.',
}

const finishSentences: Partial<Record<FinishReason, string>> = {
  LENGTH: 'The answer ends here because it reached its length limit.',
  CONTENT_FILTER: 'The answer ends here because a content filter stopped it.',
}

interface EndingProps {
  completion: CompletionFieldsFragment
  choiceIndex: number
  onRetry: (() => void) | null
}

/** How the answer ended, and what it cost. */
export function Ending({ completion, choiceIndex, onRetry }: EndingProps) {
  const { status, error, choices } = completion
  const isTrouble = status === 'FAILED' || status === 'INTERRUPTED'
  const finishReason = choices.find(({ index }) => index === choiceIndex)?.finishReason
  const sentence = statusSentences[status] ?? (finishReason && finishSentences[finishReason])
  return (
    <footer className="ending">
      {sentence && (
        <p className={isTrouble ? 'problem' : 'note'}>
          {sentence} {isTrouble && error?.message}{' '}
          {isTrouble && onRetry && (
            <button type="button" onClick={onRetry}>
              Try again
            </button>
          )}
        </p>
      )}
      <p className="cost">{costOf(completion)}</p>
    </footer>
  )
}

function costOf({ model, modelUsed, usage }: CompletionFieldsFragment): string {
  const name = modelUsed ?? model
  if (!usage || usage.source === 'NONE') return name
  const about = usage.source === 'ESTIMATED' ? 'about ' : ''
  const tokens = `${about}${usage.totalTokens.toLocaleString('en')} tokens`
  const dollars = typeof usage.costMicros === 'number' ? `$${(usage.costMicros / 1e6).toFixed(4)}` : null
  return [name, tokens, dollars].filter((part) => part !== null).join(' · ')
}
