import type { ContextReport } from '../store/completion.ts'
import { checkCompletionInput } from './completion-check.ts'
import type { CompletionInput } from './completion-input.ts'
import { ChatError } from './error.ts'
import type { Prepare } from './preparation.ts'
import type { User } from './viewer.ts'

/** What would be sent, also where that is too long; nothing is sent, stored or counted. Throws ChatError. */
export type PreviewContext = (viewer: User, input: CompletionInput) => Promise<ContextReport>

export function createPreviewContext(prepare: Prepare): PreviewContext {
  return async (viewer, input) => {
    checkCompletionInput(input, 'input')
    try {
      return (await prepare(viewer, input, null, 'input')).completion.context
    } catch (error) {
      if (error instanceof ChatError && error.failure.code === 'CONTEXT_TOO_LONG') return error.failure.report
      throw error
    }
  }
}
