import type { UnwrittenReport } from '../../chat/access/error.ts'
import { maxAddedMessages } from '../../chat/completion/added-message.ts'
import type { Completion, StartInput, WatchInput } from '../../chat/completion/completion.ts'
import type { CompletionInput, KeyValue as Pair } from '../../chat/prompt/completion-input.ts'
import { builder } from '../builder.ts'
import { loadExisting, loadOptional } from '../context.ts'
import { addedEdges, MessageEdge } from '../conversation/message.ts'
import { atMost, part, weighs } from '../cost.ts'
import { createResult, failable } from '../error.ts'
import { readId, readOptionalId, writeId } from '../global-id.ts'
import { Node } from '../node.ts'
import { Attempt, CompletionError } from './attempt.ts'
import { Choice } from './choice.ts'
import {
  CompletionEvent,
  CompletionStreamInput,
  edgesDescription,
  type StartStreamInput,
  type WatchStreamInput,
} from './completion-event.ts'
import { CreateCompletionInput } from './completion-input.ts'
import { ContextReport } from './context-report.ts'
import { Usage } from './usage.ts'

const CompletionStatus = builder.enumType('CompletionStatus', {
  description: 'How far it is, or how it ended. COMPLETED is the only status under which the answer is whole.',
  values: {
    IN_PROGRESS: {
      description: 'The model is being asked, or is answering; or it waits for its turn (`ifBusy: QUEUE`).',
    },
    COMPLETED: { description: 'It ended as the model wanted; the finish reasons say how.' },
    CANCELLED: { description: 'Someone stopped it. What was written is kept.' },
    FAILED: { description: 'The upstream refused, reported an error or broke the format. What was written is kept.' },
    INTERRUPTED: {
      description:
        'It was cut off: connection, time-out, end without a finish, a server lost or drained. What was written is kept.',
    },
  },
})

const KeyValue = builder.objectRef<Pair>('KeyValue').implement({
  extensions: part,
  description: 'A note.',
  fields: (t) => ({
    key: t.exposeString('key', { description: 'Unique within its list.' }),
    value: t.exposeString('value', { description: 'As it was given.' }),
  }),
})

builder.objectType('Completion', {
  description: 'One request to the model: what was asked, how it went, what it cost.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.id({ description: 'Opaque and global.', resolve: ({ id }) => writeId('Completion', id) }),
    model: t.exposeString('model', { description: 'The model that was asked.' }),
    status: t.expose('status', { type: CompletionStatus, description: 'How far it is, or how it ended.' }),
    choices: t.field({
      type: [Choice],
      extensions: atMost(128),
      description: 'The answers, by index; while it is in progress, as far as they are written down.',
      resolve: (completion, _, { choices }) => choices.load(completion),
    }),
    usage: t.expose('usage', {
      type: Usage,
      nullable: true,
      description: 'What it used; null while it is in progress.',
    }),
    error: t.expose('error', {
      type: CompletionError,
      nullable: true,
      description: 'Why it did not end well; null while it is in progress and when it is COMPLETED.',
    }),
    conversation: t.field({
      type: 'Conversation',
      nullable: true,
      description: 'Where it was asked; null with `store: false` outside of one.',
      resolve: ({ conversationId }, _, { conversations }) => loadOptional(conversations, conversationId),
    }),
    requester: t.field({
      type: 'User',
      description: 'Who asked.',
      resolve: ({ requesterId }, _, { users }) => loadExisting(users, requesterId),
    }),
    parameters: t.field({
      type: 'JSON',
      description: 'The parameters as they were sent upstream, by their wire names (`top_p`), without the messages.',
      resolve: async ({ id }, _, { requests }) => (await loadExisting(requests, id)).parameters,
    }),
    context: t.field({
      type: ContextReport,
      description: 'What of the conversation was sent, and what was left out.',
      resolve: ({ id, context }) => ({ ...context, completionId: id }),
    }),
    metadata: t.expose('metadata', {
      type: [KeyValue],
      extensions: atMost(16),
      description: 'The notes that were given with it.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was asked.' }),
    firstTokenAt: t.expose('firstTokenAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the first piece of the answer came; null before, and when none came.',
    }),
    finishedAt: t.expose('finishedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it ended; null while it is in progress.',
    }),
  }),
})

builder.objectFields('Completion', (t) => ({
  upstreamId: t.exposeString('upstreamId', {
    nullable: true,
    description: "The upstream's own id, such as `chatcmpl-123`; null before it has answered.",
  }),
  requestId: t.exposeString('requestId', {
    nullable: true,
    description: "The upstream's id of the HTTP request, for its support; null when it gave none.",
  }),
  created: t.exposeInt('created', {
    nullable: true,
    description: 'Unix seconds, as the upstream reports it; null before it has answered.',
  }),
  modelUsed: t.exposeString('modelUsed', {
    nullable: true,
    description:
      'The model that answered, where the upstream names it, such as a dated version; null before it has answered.',
  }),
  attempts: t.expose('attempts', {
    type: [Attempt],
    extensions: atMost(30),
    description: 'The requests that it took, in their order; empty before the first has ended.',
  }),
  systemFingerprint: t.exposeString('systemFingerprint', {
    nullable: true,
    description: "The provider's mark of the machinery that answered; null when it gave none.",
  }),
  serviceTier: t.exposeString('serviceTier', {
    nullable: true,
    description: 'The class of service that it was given; null when the provider did not say.',
  }),
}))

const CreateCompletionPayload = builder
  .objectRef<{ completion: Completion; replayed: boolean }>('CreateCompletionPayload')
  .implement({
    description: 'The model was asked.',
    fields: (t) => ({
      completion: t.expose('completion', {
        type: 'Completion',
        description: 'Finished; or, with `background: true`, in progress.',
      }),
      conversation: t.field({
        type: 'Conversation',
        nullable: true,
        description: 'Where it was asked, perhaps just made for it; null with `store: false` outside of one.',
        resolve: ({ completion }, _, { conversations }) => loadOptional(conversations, completion.conversationId),
      }),
      messageEdges: t.field({
        type: [MessageEdge],
        extensions: atMost(maxAddedMessages),
        description: edgesDescription,
        resolve: ({ completion }, _, context) => addedEdges(completion, context),
      }),
      replayed: t.exposeBoolean('replayed', {
        description: 'true when an earlier request with this idempotency key made it.',
      }),
    }),
  })

const CreateCompletionResult = createResult(
  'CreateCompletionResult',
  'An answer, or why there is none.',
  CreateCompletionPayload,
  [
    'INVALID_INPUT',
    'NOT_FOUND',
    'FORBIDDEN',
    'CONVERSATION_BUSY',
    'IDEMPOTENCY_CONFLICT',
    'CONTEXT_TOO_LONG',
    'RATE_LIMITED',
    'QUOTA_EXCEEDED',
    'UPSTREAM_ERROR',
  ],
)

const CancelCompletionPayload = builder.objectRef<{ completion: Completion }>('CancelCompletionPayload').implement({
  description: 'It does not go on.',
  fields: (t) => ({
    completion: t.expose('completion', {
      type: 'Completion',
      description: 'As it is now: CANCELLED, or as it had ended before. Its text so far is kept.',
    }),
  }),
})

const CancelCompletionResult = createResult(
  'CancelCompletionResult',
  'What was stopped, or why nothing was.',
  CancelCompletionPayload,
  ['NOT_FOUND', 'FORBIDDEN'],
)

const ContextPreviewPayload = builder.objectRef<{ report: UnwrittenReport }>('ContextPreviewPayload').implement({
  description: 'The preview.',
  fields: (t) => ({
    report: t.expose('report', { type: ContextReport, description: 'What would be sent, and what would be left out.' }),
  }),
})

const ContextPreviewResult = createResult(
  'ContextPreviewResult',
  'A preview, or why there is none.',
  ContextPreviewPayload,
  ['INVALID_INPUT', 'NOT_FOUND', 'FORBIDDEN'],
)

function readInput(input: typeof CreateCompletionInput.$inferInput): CompletionInput {
  const conversationId = readOptionalId('Conversation', input.conversationId)
  return { ...input, conversationId, parentId: readOptionalId('Message', input.parentId) }
}

function readStart({ idempotencyKey, completion, mode, flushMs }: typeof StartStreamInput.$inferInput): StartInput {
  return { idempotencyKey, completion: readInput(completion), mode: mode ?? 'DELTA', flushMs: flushMs ?? 0 }
}

function readWatch({ completionId, after, mode, flushMs }: typeof WatchStreamInput.$inferInput): WatchInput {
  const id = readId('Completion', completionId)
  return { completionId: id, after: after ?? null, mode: mode ?? 'DELTA', flushMs: flushMs ?? 0 }
}

builder.queryField('completion', (t) =>
  t.field({
    type: 'Completion',
    nullable: true,
    description: 'null when it does not exist or the viewer may not see it: the two are not told apart.',
    args: { id: t.arg.id({ required: true, description: 'The id of the completion.' }) },
    resolve: (_, { id }, { completions }) => completions.load(readId('Completion', id)),
  }),
)

builder.queryField('contextPreview', (t) =>
  t.field({
    type: ContextPreviewResult,
    nullable: true,
    extensions: weighs(100),
    description:
      'What would be sent upstream for this input, and what would be left out; nothing is sent or stored, and a conversation may ' +
      'be busy. Of what is too long the report says so: its promptTokens are above its limit. Requires at least the EDITOR role.',
    args: {
      input: t.arg({ type: CreateCompletionInput, required: true, description: 'What would be asked, and where.' }),
    },
    resolve: (_, { input }, { chat, viewer }) =>
      failable(chat.previewContext(viewer, readInput(input)).then((report) => ({ report }))),
  }),
)

builder.mutationFields((t) => ({
  createCompletion: t.field({
    type: CreateCompletionResult,
    nullable: true,
    extensions: weighs(100),
    description:
      'Asks the model, and stores the question and the answer. Returns the finished completion or, with `background: true`, at once, ' +
      'to be watched with `completionStream`. Requires at least the EDITOR role.',
    args: { input: t.arg({ type: CreateCompletionInput, required: true, description: 'What to ask, and where.' }) },
    resolve: (_, { input }, { chat, viewer, signal }) =>
      failable(chat.completions.create(viewer, readInput(input), signal)),
  }),
  cancelCompletion: t.field({
    type: CancelCompletionResult,
    nullable: true,
    description:
      'Stops a completion, from any client of any participant who may write. What was written so far is kept. One that has ended stays as it is.',
    args: { id: t.arg.id({ required: true, description: 'The id of the completion.' }) },
    resolve: (_, { id }, { chat, viewer, signal }) =>
      failable(
        chat.completions.cancel(viewer, readId('Completion', id), signal).then((completion) => ({ completion })),
      ),
  }),
}))

builder.subscriptionField('completionStream', (t) =>
  t.field({
    type: CompletionEvent,
    description:
      'One completion, live. `start` asks the model and watches the answer in one step; `watch` follows a completion that exists, ' +
      'whoever started it, live or finished. The first event is a CompletionSnapshot, or, with a cursor that can still be served, the ' +
      'first delta after it; then deltas; the last event is CompletionEnded, and the subscription completes. The latest snapshot and every ' +
      'delta after it, folded by their offsets, are the stored message, to the character, however often the client reconnected and to whichever server.',
    args: { input: t.arg({ type: CompletionStreamInput, required: true, description: 'What to watch.' }) },
    subscribe: (_, { input: { start, watch } }, { chat, viewer }) =>
      start ? chat.completions.start(viewer, readStart(start)) : chat.completions.watch(viewer, readWatch(watch)),
    resolve: (event, { input }) =>
      event.type === 'rejected' ? { ...event, completionId: input.watch?.completionId ?? '' } : event,
  }),
)
