import type { Completion } from '../store/completion.ts'
import type { Conversation } from '../store/conversation.ts'
import type { Message } from '../store/message.ts'
import type { Store } from '../store/store.ts'
import type { Upstreams } from '../upstream/upstream.ts'
import type { ContextInput } from './completion-input.ts'
import { assembleContext, type Context, likelyCount } from './context.ts'
import { notFound } from './error.ts'
import type { WithLiveText } from './live-text.ts'

/** What is asked, and of whom. */
export interface Question {
  /** null where it is asked in none, or in a new one. */
  conversation: Conversation | null
  /** The message that the new ones come after. */
  parentId: string | null
  fresh: readonly Message[]
  stored: boolean
  model: string
  /** As they go up. */
  parameters: Record<string, unknown>
  context: ContextInput | null
}

/** What a question that waits is to be sent with. It may wait for longer than its server lives. */
export interface QueuedRequest {
  /** As `Completion.parameters`. */
  parameters: Record<string, unknown>
  context: ContextInput | null
  questionIds: string[]
}

export interface Prompt {
  context: Context
  /** False where an answer above is still being written. */
  isSettled: boolean
}

/** What goes up for a question. Throws CONTEXT_TOO_LONG. */
export interface Prompts {
  of(question: Question): Promise<Prompt>
  /** At its turn: the answers that it waited for are part of it. */
  ofQueued(completion: Completion, request: QueuedRequest): Promise<Context>
}

export interface PromptsOptions {
  store: Store
  upstreams: Upstreams
  withLiveText: WithLiveText
}

/** Some of a path, oldest first. */
interface History {
  messages: Message[]
  unread: number
}

export function createPrompts({ store, upstreams, withLiveText }: PromptsOptions): Prompts {
  /** The last messages of a path, and what of the others always stays; all where the count is null. */
  async function endOf(conversationId: string, leafId: string, count: number | null): Promise<History> {
    const bounds = { after: null, before: null, first: null, last: count }
    const [path] = await store.messages.paths([{ conversationId, leafId, ...bounds }])
    const messages = path?.messages ?? []
    if (!path?.hasPrevious) return { messages: await withLiveText(messages), unread: 0 }
    const { length, standing } = await store.messages.outline(leafId)
    const older = standing.filter(({ id }) => messages.every((message) => message.id !== id))
    const read = [...older, ...messages]
    return { messages: await withLiveText(read), unread: length - read.length }
  }

  // Model servers refuse what leaves no room for as long an answer as is asked for.
  function roomFor(model: string, { max_completion_tokens: most, max_tokens: older }: Record<string, unknown>) {
    const window = upstreams.contextWindow(model)
    return window === null ? null : Math.max(0, window - Number(most ?? older ?? 0))
  }

  /** Reads no more of the path than can be sent, which is not all of a long one. */
  async function promptOf(question: Question, freshIds: readonly string[]): Promise<Prompt> {
    const { conversation, parentId, stored, model, parameters } = question
    const plan = {
      input: question.context,
      defaultStrategy: conversation?.defaults.contextStrategy ?? 'FULL',
      window: roomFor(model, parameters),
    }
    // Where nothing is stored, the messages are all that is sent.
    const systemPrompt = stored ? (conversation?.systemPrompt ?? null) : null
    let count = likelyCount(plan)
    for (;;) {
      const hasHistory = conversation !== null && parentId !== null
      const path = hasHistory ? await endOf(conversation.id, parentId, count) : { messages: [], unread: 0 }
      const fresh = [...path.messages.filter(({ id }) => freshIds.includes(id)), ...question.fresh]
      const history = path.messages.filter(({ id }) => !freshIds.includes(id))
      const context = await assembleContext({ ...plan, systemPrompt, history, unread: path.unread, fresh, model })
      const isSettled = path.messages.every(({ status }) => status !== 'STREAMING')
      if (context.isCut || count === null || path.unread === 0) return { context, isSettled }
      count *= 4
    }
  }

  return {
    of: (question) => promptOf(question, []),
    async ofQueued({ id, requesterId, conversationId, model }, { parameters, context, questionIds }) {
      const [conversation] = await store.conversations.find(requesterId, [conversationId ?? ''])
      // What the answer was to stand below may have been deleted meanwhile.
      const [answer] = await store.messages.ofCompletions([id])
      if (conversation === undefined || answer === undefined) throw notFound('conversation')
      const question = { conversation, parentId: answer.parentId, fresh: [], stored: true, model, parameters, context }
      return (await promptOf(question, questionIds)).context
    },
  }
}
