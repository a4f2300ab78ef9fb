import type { Completion } from '../store/completion.ts'
import type { Conversation } from '../store/conversation.ts'
import type { Message } from '../store/message.ts'
import type { Store } from '../store/store.ts'
import type { Upstreams } from '../upstream/upstream.ts'
import type { ContextInput } from './completion-input.ts'
import { assembleContext, type Context } from './context.ts'
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

export function createPrompts({ store, upstreams, withLiveText }: PromptsOptions): Prompts {
  async function pathTo(conversationId: string, leafId: string): Promise<Message[]> {
    const whole = { after: null, before: null, first: null, last: null }
    const [path] = await store.messages.paths([{ conversationId, leafId, ...whole }])
    return withLiveText(path?.messages ?? [])
  }

  // Model servers refuse what leaves no room for as long an answer as is asked for.
  function roomFor(model: string, { max_completion_tokens: most, max_tokens: older }: Record<string, unknown>) {
    const window = upstreams.contextWindow(model)
    return window === null ? null : Math.max(0, window - Number(most ?? older ?? 0))
  }

  function assemble(
    { conversation, stored, model, parameters, context, fresh }: Question,
    history: readonly Message[],
  ) {
    return assembleContext({
      input: context,
      defaultStrategy: conversation?.defaults.contextStrategy ?? 'FULL',
      // Where nothing is stored, the messages are all that is sent.
      systemPrompt: stored ? (conversation?.systemPrompt ?? null) : null,
      history,
      fresh,
      model,
      window: roomFor(model, parameters),
    })
  }

  return {
    async of(question) {
      const { conversation, parentId } = question
      const hasHistory = conversation !== null && parentId !== null
      const history = hasHistory ? await pathTo(conversation.id, parentId) : []
      const isSettled = history.every(({ status }) => status !== 'STREAMING')
      return { context: await assemble(question, history), isSettled }
    },
    async ofQueued({ id, requesterId, conversationId, model }, { parameters, context, questionIds }) {
      const [conversation] = await store.conversations.find(requesterId, [conversationId ?? ''])
      // What the answer was to stand below may have been deleted meanwhile.
      const [answer] = await store.messages.ofCompletions([id])
      if (conversation === undefined || answer === undefined) throw notFound('conversation')
      const { parentId } = answer
      const path = parentId === null ? [] : await pathTo(conversation.id, parentId)
      const isFresh = (message: Message) => questionIds.includes(message.id)
      const fresh = path.filter(isFresh)
      const history = path.filter((message) => !isFresh(message))
      return assemble({ conversation, parentId, fresh, stored: true, model, parameters, context }, history)
    },
  }
}
