import type { Completion } from '../../store/completion.ts'
import type { CompletionRequest } from '../../store/completion-request.ts'
import type { Message } from '../../store/message.ts'
import type { Store } from '../../store/store.ts'
import type { AnswerChoice } from '../../stream/choice.ts'
import type { AccessWatches } from '../access/access-watch.ts'
import { ChatError, forbidden, notFound } from '../access/error.ts'
import type { Limits } from '../access/limits.ts'
import type { User } from '../access/viewer.ts'
import type { ActiveCompletions } from '../answer/active-completion.ts'
import type { AnswerLookup } from '../answer/answer-lookup.ts'
import type { Canceller } from '../answer/cancel.ts'
import type { WithStreamingText } from '../answer/streaming-text.ts'
import { checkCompletionInput } from '../prompt/completion-check.ts'
import type { CompletionInput } from '../prompt/completion-input.ts'
import { type AddedMessages, createAddedMessages } from './added-message.ts'
import { type CompletionStreams, createCompletionStreams } from './completion-stream.ts'
import { endedMessage } from './ending.ts'
import type { StartOnce } from './idempotency.ts'
import type { Started } from './start-request.ts'

export type {
  Attempt,
  Completion,
  Usage,
} from '../../store/completion.ts'
export type { CompletionError, CompletionErrorCode } from '../../store/completion-error.ts'
export type { CompletionRequest, ContextReport } from '../../store/completion-request.ts'
export type { Logprobs } from '../../stream/delta.ts'
export type { ToolCallPiece as ToolCallDelta } from '../../stream/offset.ts'
export type { Source } from '../../stream/source.ts'
export type { ChoiceDelta, CompletionEvent } from '../answer/completion-event.ts'
export type { StartInput, WatchInput } from './completion-stream.ts'

export interface Completions extends CompletionStreams {
  /**
   * Starts a completion and, unless it runs in the background, waits for its end. Throws ChatError. The signal ends only the
   * waiting: the completion continues.
   */
  create(viewer: User, input: CompletionInput, signal: AbortSignal): Promise<Started>
  /** Stops a completion at whichever replica it runs, and waits until it has ended or the signal aborts. Throws ChatError. */
  cancel(viewer: User, id: string, signal: AbortSignal): Promise<Completion>
  find(viewer: User, ids: readonly string[]): Promise<Completion[]>
  /** The completions that are in progress in these conversations. */
  active(viewer: User, conversationIds: readonly string[]): Promise<Completion[]>
  /** What was sent for each completion, by its id. The caller has checked that the viewer may see the completions. */
  requests(ids: readonly string[]): Promise<Map<string, CompletionRequest>>
  /**
   * The answers of each completion, by choice. The caller has got the completions for the viewer, who may see the answers too.
   */
  choices(completions: readonly Completion[]): Promise<Message[][]>
  added: AddedMessages
}

export interface CompletionsOptions {
  store: Store
  activeCompletions: ActiveCompletions
  answers: AnswerLookup
  accessWatches: AccessWatches
  startOnce: StartOnce
  canceller: Canceller
  limits: Limits
  withStreamingText: WithStreamingText
}

export function createCompletions(options: CompletionsOptions): Completions {
  const { store, activeCompletions, answers, accessWatches, startOnce, canceller, limits, withStreamingText } = options

  async function visible(viewer: User, id: string): Promise<Completion> {
    const [completion] = await store.completions.find(viewer.id, [id])
    if (completion === undefined) throw notFound('completion')
    return activeCompletions.current(completion)
  }

  async function mayWrite(viewer: User, { conversationId }: Completion): Promise<boolean> {
    if (conversationId === null) return true
    const [conversation] = await store.conversations.find(viewer.id, [conversationId])
    return conversation !== undefined && conversation.viewerRole !== 'VIEWER'
  }

  /** A viewer who loses access while waiting gets NOT_FOUND, as in every later request. */
  async function whileVisible<Value>(
    viewer: User,
    { conversationId }: Completion,
    signal: AbortSignal,
    wait: (signal: AbortSignal) => Promise<Value>,
  ): Promise<Value> {
    const { lost, leave } = accessWatches.watch(viewer.id, conversationId)
    try {
      return await wait(AbortSignal.any([signal, lost]))
    } catch (error) {
      throw lost.aborted ? notFound('completion') : error
    } finally {
      leave()
    }
  }

  return {
    ...createCompletionStreams({ activeCompletions, answers, accessWatches, startOnce, limits, visible }),
    async create(viewer, input, signal) {
      await limits.takeTry(viewer)
      checkCompletionInput(input, 'input')
      const started = await startOnce(viewer, input, input.idempotencyKey ?? null, 'input')
      if (input.background) return started
      const completion = await whileVisible(viewer, started.completion, signal, async (until) =>
        answers.ended(await answers.open(started.completion), until),
      )
      if (completion.status === 'FAILED' || completion.status === 'INTERRUPTED') {
        const message = completion.error?.message ?? 'The answer is incomplete.'
        throw new ChatError({ code: 'UPSTREAM_ERROR', message, completion })
      }
      return { ...started, completion }
    },
    async cancel(viewer, id, signal) {
      const completion = await visible(viewer, id)
      if (!(await mayWrite(viewer, completion))) {
        throw forbidden('A VIEWER of this conversation may watch answers but not cancel them.')
      }
      if (completion.status !== 'IN_PROGRESS') return completion
      return whileVisible(viewer, completion, signal, (until) => canceller.cancel(completion, until))
    },
    requests: (ids) => store.completionRequests.ofCompletions(ids),
    find: async (viewer, ids) => (await store.completions.find(viewer.id, ids)).map(activeCompletions.current),
    async active(viewer, conversationIds) {
      const visibleIds = (await store.conversations.find(viewer.id, conversationIds)).map(({ id }) => id)
      return (await store.completions.active(visibleIds)).map(activeCompletions.current)
    },
    added: createAddedMessages(store, withStreamingText),
    async choices(completions) {
      const stored = completions.filter((completion) => completion.stored).map(({ id }) => id)
      const messages = stored.length === 0 ? [] : await withStreamingText(await store.messages.choices(stored))
      const written = new Map<string | null, Message[]>(stored.map((id) => [id, []]))
      for (const message of messages) written.get(message.completionId)?.push(message)
      return completions.map((completion) => {
        if (completion.stored) return written.get(completion.id) ?? []
        const active = activeCompletions.get(completion.id)
        return (active?.answer.choices() ?? []).map((choice, index) => {
          return unstoredMessage(completion, choice, active?.messageIds[index] ?? completion.id)
        })
      })
    },
  }
}

/** An answer that exists only in memory: it has no conversation and no parent. */
function unstoredMessage(completion: Completion, choice: AnswerChoice, id: string): Message {
  const written = endedMessage(id, choice, completion.status)
  return {
    ...written,
    status: completion.status === 'IN_PROGRESS' ? 'STREAMING' : written.status,
    conversationId: null,
    parentId: null,
    role: 'ASSISTANT',
    parts: null,
    name: null,
    toolCallId: null,
    authorId: null,
    completionId: completion.id,
    choiceIndex: choice.index,
    createdAt: completion.createdAt,
  }
}
