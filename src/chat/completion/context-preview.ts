import { byteSize } from '../access/byte-size.ts'
import { ChatError, type UnwrittenReport } from '../access/error.ts'
import type { Limits } from '../access/limits.ts'
import type { User } from '../access/viewer.ts'
import { checkCompletionInput } from '../prompt/completion-check.ts'
import type { CompletionInput } from '../prompt/completion-input.ts'
import type { Prepare } from './preparation.ts'

/** Reports what would be sent upstream, also if it is too long. Sends and stores nothing. Throws ChatError. */
export type PreviewContext = (viewer: User, input: CompletionInput) => Promise<UnwrittenReport>

export function createPreviewContext(prepare: Prepare, limits: Limits): PreviewContext {
  return async (viewer, input) => {
    await limits.takePreview(viewer, byteSize(input))
    checkCompletionInput(input, 'input')
    try {
      const { context, questionMessages } = await prepare({ viewer, input, key: null, path: 'input' })
      return { ...context.report, messageIds: context.messageIds, questionMessages, tooLong: false }
    } catch (error) {
      if (error instanceof ChatError && error.failure.code === 'CONTEXT_TOO_LONG') return error.failure.report
      throw error
    }
  }
}
