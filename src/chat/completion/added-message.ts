import type { Completion } from '../../store/completion.ts'
import type { Message } from '../../store/message.ts'
import type { Store } from '../../store/store.ts'
import type { User } from '../access/viewer.ts'
import type { WithStreamingText } from '../answer/streaming-text.ts'

/**
 * Returns, for each completion in order, the messages that it added to the viewer's current path, oldest first: the messages of
 * the question, then the answer. Choices and messages that are not on that path, and deleted messages, are left out.
 */
export type AddedMessages = (viewer: User, completions: readonly Completion[]) => Promise<Message[][]>

/** For a question with more messages, the newest are listed. */
export const maxListedQuestions = 49
/** The listed messages of the question and one answer, because the choices are siblings of each other. */
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
