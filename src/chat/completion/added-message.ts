import type { Completion } from '../../store/completion.ts'
import type { Message } from '../../store/message.ts'
import type { Store } from '../../store/store.ts'
import type { User } from '../access/viewer.ts'
import type { WithStreamingText } from '../answer/streaming-text.ts'

/**
 * What each completion added to the viewer's path and is there still, from the root on: the question's messages, then the
 * answer. Other choices, and what stands on another branch by now, are not on the path. In the order of the completions.
 */
export type AddedMessages = (viewer: User, completions: readonly Completion[]) => Promise<Message[][]>

/** Of a question with more messages the newest are listed. */
export const maxListedQuestions = 49
/** With one answer, since the choices are siblings. */
export const maxAddedMessages = maxListedQuestions + 1

export function createAddedMessages(
  { completionRequests, messages }: Store,
  withStreamingText: WithStreamingText,
): AddedMessages {
  return async (viewer, completions) => {
    const stored = completions.filter((completion) => completion.stored).map(({ id }) => id)
    const writtenIds = stored.length === 0 ? new Map<string, string[]>() : await completionRequests.writtenIds(stored)
    const onPath = await messages.onPath(viewer.id, [...writtenIds.values()].flat())
    const found = await withStreamingText(await messages.find(viewer.id, onPath))
    const byId = new Map(found.map((message) => [message.id, message]))
    return completions.map(({ id }) => (writtenIds.get(id) ?? []).flatMap((writtenId) => byId.get(writtenId) ?? []))
  }
}
