import { FormattedText } from '../markdown/formatted.tsx'

interface ReasoningProps {
  text: string
  isGrowing: boolean
  thoughtMs: number | null
}

/** The reasoning is folded, also while it grows. People can open it. */
export function Reasoning({ text, isGrowing, thoughtMs }: ReasoningProps) {
  return (
    <details className="reasoning">
      <summary>{isGrowing ? 'Thinking…' : durationOf(thoughtMs)}</summary>
      <FormattedText text={text} isGrowing={isGrowing} />
    </details>
  )
}

function durationOf(thoughtMs: number | null): string {
  return thoughtMs === null ? 'Reasoning' : `Thought for ${Math.max(1, Math.round(thoughtMs / 1_000))} s`
}
