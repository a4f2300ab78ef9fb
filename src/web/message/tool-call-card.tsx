import { Icon } from '../frame/icon.tsx'
import { FormattedCode } from '../markdown/formatted.tsx'
import type { ToolCall } from './answer.ts'

/** A tool call that the model requests. */
export function ToolCallCard({ call }: { call: ToolCall }) {
  return (
    <section className="tool-call" aria-label={`Tool call ${call.name}`}>
      <p>
        <Icon name="tool" />
        The model calls <code>{call.name}</code>
      </p>
      {call.arguments !== '' && <FormattedCode text={readable(call.arguments)} language="json" />}
    </section>
  )
}

function readable(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}
