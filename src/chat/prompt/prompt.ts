import type { Completion } from '../../store/completion.ts'
import type { Conversation } from '../../store/conversation.ts'
import type { Message } from '../../store/message.ts'
import type { Store } from '../../store/store.ts'
import type { Upstreams } from '../../upstream/upstream.ts'
import { byteSize } from '../access/byte-size.ts'
import { notFound } from '../access/error.ts'
import type { WithStreamingText } from '../answer/streaming-text.ts'
import type { ContextInput } from './completion-input.ts'
import { assembleContext, type Context } from './context.ts'
import { type Plan, planOf } from './context-plan.ts'
import { type Piece, piecesOf, type Weigh } from './context-unit.ts'
import { createPathReader } from './path-reader.ts'
import type { TokenCounter } from './token-counter.ts'
import { hasKnownEncoding, roughTokens } from './tokens.ts'
import type { WireMessage } from './wire-message.ts'

/** A question to a model. */
export interface Question {
  /** Null if nothing is stored and the request names no conversation. */
  conversation: Conversation | null
  /** The message before the new ones. */
  parentId: string | null
  messages: readonly Message[]
  /** The messages in the form in which they are sent upstream, if the client sent them in this form. */
  wireMessages?: readonly WireMessage[]
  stored: boolean
  model: string
  /** The parameters as they are sent upstream. */
  parameters: Record<string, unknown>
  context: ContextInput | null
}

/** What is needed to send a question after its wait. It is stored, because another replica may send it. */
export interface QueuedRequest {
  /** The same as in `CompletionRequest`. */
  parameters: Record<string, unknown>
  context: ContextInput | null
  questionIds: string[]
}

export interface Prompt {
  context: Context
  /** False if an answer on the path is still being written. */
  isSettled: boolean
}

/** Assembles the context that is sent for a question. Throws CONTEXT_TOO_LONG. */
export interface Prompts {
  of(question: Question): Promise<Prompt>
  /** For a question that has waited, when it gets its turn: the answers that it waited for are part of the context. */
  ofQueued(completion: Completion, request: QueuedRequest): Promise<Context>
}

export interface PromptsOptions {
  store: Store
  upstreams: Upstreams
  tokens: TokenCounter
  withStreamingText: WithStreamingText
}

// How many messages from the end of the path are usually enough. One more unit than is wanted shows that something is left out,
// and a unit may be a tool call with several results.
function likelyCount({ strategy, budget }: Plan): number {
  if (strategy === 'FULL') return budget.messages
  return strategy === 'LAST_N' ? budget.messages + 8 : 64
}

/**
 * Tokens are counted exactly if they decide what is sent, or if the encoding of the model is known; else they are estimated.
 */
function weighing(counter: TokenCounter, model: string, { strategy, limit }: Plan): Weigh {
  if (limit !== null || strategy === 'TOKEN_BUDGET' || hasKnownEncoding(model)) {
    return (messages) => counter.countMessages(model, messages)
  }
  return async (messages) => messages.map(roughTokens)
}

async function weighedSystemPrompt(systemPrompt: string | null, weigh: Weigh) {
  const system = systemPrompt ? [{ role: 'system', content: systemPrompt }] : []
  const [tokens = 0] = await weigh(system)
  // Only messages of the path are counted as messages.
  return { system, systemSize: { messages: 0, tokens, bytes: byteSize(system) } }
}

export function createPrompts({ store, upstreams, tokens, withStreamingText }: PromptsOptions): Prompts {
  // Model servers refuse a prompt that leaves no room for an answer of the requested maximum length.
  function roomFor(model: string, { max_completion_tokens: most, max_tokens: older }: Record<string, unknown>) {
    const window = upstreams.contextWindow(model)
    return window === null ? null : Math.max(0, window - Number(most ?? older ?? 0))
  }

  /** Reads only as much of the path as can be sent. */
  async function promptOf(question: Question, questionIds: readonly string[]): Promise<Prompt> {
    const { conversation, parentId, stored, model, parameters } = question
    const defaultStrategy = conversation?.defaults.contextStrategy ?? 'FULL'
    const plan = planOf({ input: question.context, defaultStrategy, window: roomFor(model, parameters) })
    const weigh = weighing(tokens, model, plan)
    const path = createPathReader(store, withStreamingText, conversation === null ? null : parentId)
    const own = new Set(questionIds)
    const fixed = {
      plan,
      weigh,
      // If nothing is stored, only the messages of the request are sent.
      ...(await weighedSystemPrompt(stored ? (conversation?.systemPrompt ?? null) : null, weigh)),
    }
    let questionMessages = question.messages
    let questionPieces = await piecesOf(question.messages, weigh, question.wireMessages)
    let history: Piece[] = []
    let isSettled = true
    for (let count = likelyCount(plan); ; count *= 4) {
      const page = await path.next(count)
      const written = page.filter(({ id }) => own.has(id))
      questionMessages = [...written, ...questionMessages]
      questionPieces = [...(await piecesOf(written, weigh)), ...questionPieces]
      const older = page.filter(({ id }) => !own.has(id))
      history = [...(await piecesOf(older, weigh)), ...history]
      isSettled &&= page.every(({ status }) => status !== 'STREAMING')
      const rest = await path.rest()
      const instructions = await piecesOf(rest.instructions, weigh)
      const pathLength = rest.length + question.messages.length
      const request = {
        ...fixed,
        history: [...instructions, ...history],
        question: questionPieces,
        questionMessages,
        pathLength,
      }
      const context = await assembleContext(request)
      if (context.isCut || path.isDone()) return { context, isSettled }
    }
  }

  return {
    of: (question) => promptOf(question, []),
    async ofQueued(completion, { parameters, context, questionIds }) {
      const { id, requesterId, conversationId, model } = completion
      const [conversation] = await store.conversations.find(requesterId, [conversationId ?? ''])
      // The message before the answer may have been deleted meanwhile, so its parent is read again.
      const [answer] = await store.messages.ofCompletions([id])
      if (conversation === undefined || answer === undefined) throw notFound('conversation')
      const question = {
        conversation,
        parentId: answer.parentId,
        messages: [],
        stored: true,
        model,
        parameters,
        context,
      }
      const { context: sent } = await promptOf(question, questionIds)
      const { report, messageIds } = sent
      await store.completionRequests.recordContext({
        completionId: id,
        replicaId: completion.replicaId,
        report,
        messageIds,
      })
      return sent
    },
  }
}
