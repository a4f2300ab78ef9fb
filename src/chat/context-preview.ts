import { byteSize } from './byte-size.ts'
import { checkCompletionInput } from './completion-check.ts'
import type { CompletionInput } from './completion-input.ts'
import { ChatError, type UnwrittenReport } from './error.ts'
import type { Limits } from './limits.ts'
import type { Prepare } from './preparation.ts'
import type { User } from './viewer.ts'

/** What would be sent, also where that is too long; nothing is sent or stored. Throws ChatError. */
export type PreviewContext = (viewer: User, input: CompletionInput) => Promise<UnwrittenReport>

export function createPreviewContext(prepare: Prepare, limits: Limits): PreviewContext {
  return async (viewer, input) => {
    await limits.takePreview(viewer, byteSize(input))
    checkCompletionInput(input, 'input')
    try {
      const { context, fresh } = await prepare(viewer, input, null, 'input')
      return { ...context.report, messageIds: context.messageIds, fresh, tooLong: false }
    } catch (error) {
      if (error instanceof ChatError && error.failure.code === 'CONTEXT_TOO_LONG') return error.failure.report
      throw error
    }
  }
}
