import { createHash } from 'node:crypto'
import { v7 as uuid } from 'uuid'
import type { Completion, NewLeaf } from '../../store/completion.ts'
import type { NewCompletionRequest } from '../../store/completion-request.ts'
import type { CompletionDefaults, Conversation } from '../../store/conversation.ts'
import type { Message, NewMessage } from '../../store/message.ts'
import type { Store } from '../../store/store.ts'
import { storableJson, storableText } from '../../stream/text.ts'
import type { Upstreams } from '../../upstream/upstream.ts'
import { invalidInput } from '../access/error.ts'
import type { User } from '../access/viewer.ts'
import { placeOf } from '../conversation/history.ts'
import { type InsertionPoint, noDefaults } from '../conversation/insertion-point.ts'
import { newMessage } from '../conversation/new-message.ts'
import type { CompletionInput } from '../prompt/completion-input.ts'
import type { Context } from '../prompt/context.ts'
import type { MessageInput } from '../prompt/message-input.ts'
import { wireParameters } from '../prompt/parameters.ts'
import type { Prompts, QueuedRequest } from '../prompt/prompt.ts'
import { checkParameters } from '../prompt/refused-parameter.ts'
import { maxListedQuestions } from './added-message.ts'
import type { StartRequest } from './start-request.ts'

/** Everything that is to be written and sent for a question. Nothing is written or sent yet. */
export interface Preparation {
  completion: Completion
  request: NewCompletionRequest
  newConversation: Conversation | null
  /** The messages to insert: those of the question, then the empty answers. None if the completion is not stored. */
  messages: NewMessage[]
  /** The messages of the question, as they are before they are written. */
  questionMessages: Message[]
  leaf: NewLeaf | null
  answerIds: string[]
  choiceCount: number
  parameters: Record<string, unknown>
  /** What is sent if the question does not have to wait. */
  context: Context
  /** False if an answer in the context is still being written. */
  isSettled: boolean
  isUntitled: boolean
  /** What is needed to send the question after it has waited. */
  queued: QueuedRequest
}

export interface PrepareOptions {
  store: Store
  upstreams: Upstreams
  prompts: Prompts
  defaultModel: string | null
}

/** Throws ChatError. */
export type Prepare = (request: StartRequest) => Promise<Preparation>

const modelListMs = 5_000

/** Returns a name that is the same for all requests of a user, and that tells the upstream nothing about the person. */
function pseudonymOf(viewer: User): string {
  return createHash('sha256').update(`antiphon user ${viewer.id}`).digest('base64url').slice(0, 22)
}

// If the client sets one of the two limits of tokens, a default for the other one would contradict it.
function withDefaults(input: CompletionInput, defaults: CompletionDefaults, viewer: User): CompletionInput {
  const { temperature, topP, maxTokens } = defaults
  return {
    ...input,
    temperature: input.temperature ?? temperature,
    topP: input.topP ?? topP,
    maxTokens: input.maxTokens ?? (input.maxCompletionTokens ? null : maxTokens),
    user: input.user ?? pseudonymOf(viewer),
  }
}

// Parameters are stored as JSON, which has no bigint. Such a seed is stored as the text that the client sent.
function storableParameters(parameters: Record<string, unknown>): Record<string, unknown> {
  const { seed } = parameters
  return storableJson(typeof seed === 'bigint' ? { ...parameters, seed: String(seed) } : parameters)
}

function storableMetadata({ metadata }: CompletionInput) {
  return storableJson((metadata ?? []).map(({ key, value }) => ({ key, value })))
}

export function createPrepare(options: PrepareOptions): Prepare {
  return async ({ viewer, input, key, path }) => {
    const { insertionPoint, messages } = await placeOf(options.store, viewer, input)
    const { conversation } = insertionPoint
    if (messages.length === 0 && insertionPoint.parentId === null) {
      throw invalidInput(`${path}.messages`, 'must have at least one message, since the conversation has none')
    }
    const model = await modelOf(options, input, conversation, path)
    checkParameters(options.upstreams, model, input, path)
    const parameters = wireParameters(withDefaults(input, conversation?.defaults ?? noDefaults, viewer))
    const questions = questionsOf(messages, insertionPoint, viewer)
    const stored = input.store !== false
    const questionMessages = questionMessagesOf(questions, insertionPoint, stored)
    const { context, isSettled } = await options.prompts.of({
      ...{ conversation, parentId: insertionPoint.parentId, stored, model, parameters },
      ...{ messages: questionMessages, wireMessages: input.wireMessages, context: input.context ?? null },
    })
    const completion: Completion = {
      ...blankCompletion,
      id: uuid(),
      requesterId: viewer.id,
      conversationId: conversation?.id ?? null,
      parentId: questions.at(-1)?.id ?? insertionPoint.parentId,
      idempotencyKey: key?.key ?? null,
      inputHash: key?.inputHash ?? null,
      stored,
      cancelWhenUnwatched: (input.whenUnwatched ?? 'CONTINUE') !== 'CONTINUE',
      model,
      context: context.report,
      metadata: storableMetadata(input),
      attempts: [],
      createdAt: new Date(),
    }
    const choiceCount = input.n ?? 1
    const questionIds = questions.map(({ id }) => id)
    const listed = { messageIds: context.messageIds, questionIds: questionIds.slice(-maxListedQuestions) }
    const request = { parameters: storableParameters(parameters), ...listed }
    const queued = { parameters: request.parameters, context: input.context ?? null, questionIds }
    const isUntitled = stored && conversation?.title === null
    const preparation = {
      completion,
      request,
      questionMessages,
      choiceCount,
      parameters,
      context,
      isSettled,
      isUntitled,
      queued,
    }
    if (completion.stored) return { ...preparation, ...writtenFor(completion, insertionPoint, questions, choiceCount) }
    const answerIds = Array.from({ length: choiceCount }, () => uuid())
    return {
      ...preparation,
      completion: { ...completion, parentId: null },
      // Nothing is stored under the ids of the new messages.
      request: { ...request, messageIds: [], questionIds: [] },
      newConversation: null,
      messages: [],
      leaf: null,
      answerIds,
    }
  }
}

function writtenFor(
  completion: Completion,
  insertionPoint: InsertionPoint,
  questions: NewMessage[],
  choiceCount: number,
) {
  const answers = emptyAnswers(completion, choiceCount)
  const [leafId = ''] = answers.map(({ id }) => id)
  return {
    newConversation: insertionPoint.isNew ? insertionPoint.conversation : null,
    messages: [...questions, ...answers],
    leaf: { leafId, parentId: insertionPoint.parentId, isAtLeaf: insertionPoint.isAtLeaf },
    answerIds: answers.map(({ id }) => id),
  }
}

async function modelOf(
  options: PrepareOptions,
  input: CompletionInput,
  conversation: Conversation | null,
  path: string,
) {
  const named = input.model ?? conversation?.defaults.model ?? options.defaultModel
  if (named !== null) return storableText(named)
  try {
    return storableText(await options.upstreams.defaultModel(AbortSignal.timeout(modelListMs)))
  } catch {
    throw invalidInput(
      `${path}.model`,
      'is required, because there is no default model and the upstream cannot list its models now',
    )
  }
}

function questionsOf(
  messages: readonly MessageInput[],
  { conversation, parentId }: InsertionPoint,
  viewer: User,
): NewMessage[] {
  const questions: NewMessage[] = []
  for (const message of messages) {
    const insertionPoint = { conversationId: conversation?.id ?? '', parentId: questions.at(-1)?.id ?? parentId }
    questions.push(newMessage(message, { ...insertionPoint, authorId: viewer.id }))
  }
  return questions
}

/** The messages of the question as the API shows them; with their conversation, unless that is new or nothing is stored. */
function questionMessagesOf(
  questions: readonly NewMessage[],
  { conversation, isNew }: InsertionPoint,
  stored: boolean,
): Message[] {
  const conversationId = stored && !isNew ? (conversation?.id ?? null) : null
  return questions.map((question) => ({ ...question, conversationId }))
}

function emptyAnswers({ id, conversationId, parentId }: Completion, count: number): NewMessage[] {
  const insertionPoint = { conversationId: conversationId ?? '', parentId, authorId: null }
  return Array.from({ length: count }, (_, choiceIndex) => ({
    ...newMessage({ role: 'ASSISTANT' }, insertionPoint),
    completionId: id,
    choiceIndex,
    status: 'STREAMING' as const,
  }))
}

const blankCompletion = {
  replicaId: null,
  status: 'IN_PROGRESS',
  modelUsed: null,
  upstream: null,
  upstreamId: null,
  requestId: null,
  created: null,
  systemFingerprint: null,
  serviceTier: null,
  error: null,
  usage: null,
  firstTokenAt: null,
  finishedAt: null,
} as const
