import type { UnwrittenReport } from '../../chat/access/error.ts'
import { maxAddedMessages } from '../../chat/completion/added-message.ts'
import type { Completion, StartInput, WatchInput } from '../../chat/completion/completion.ts'
import type { CompletionInput, KeyValue as Pair } from '../../chat/prompt/completion-input.ts'
import { ranges } from '../../chat/prompt/parameter-limits.ts'
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
import { CompletionStatus } from './completion-status.ts'
import { ContextReport } from './context-report.ts'
import { Usage } from './usage.ts'

const KeyValue = builder.objectRef<Pair>('KeyValue').implement({
  extensions: part,
  description: 'An entry of the metadata.',
  fields: (t) => ({
    key: t.exposeString('key', { description: 'Unique within its list.' }),
    value: t.exposeString('value', { description: 'The value as the client sent it.' }),
  }),
})

builder.objectType('Completion', {
  description: 'One request to a model, with its parameters, its outcome and its cost.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.id({ description: 'Opaque and global.', resolve: ({ id }) => writeId('Completion', id) }),
    model: t.exposeString('model', { description: 'The requested model.' }),
    status: t.expose('status', { type: CompletionStatus, description: 'Whether it is in progress, or how it ended.' }),
    choices: t.field({
      type: [Choice],
      extensions: atMost(ranges.n[1]),
      description: 'The answers, by index. While the completion is in progress they have the text so far.',
      resolve: (completion, _, { choices }) => choices.load(completion),
    }),
    usage: t.expose('usage', {
      type: Usage,
      nullable: true,
      description: 'The tokens and the cost; null while it is in progress.',
    }),
    error: t.expose('error', {
      type: CompletionError,
      nullable: true,
      description: 'Why it did not end well; null while it is in progress and when it is COMPLETED.',
    }),
    conversation: t.field({
      type: 'Conversation',
      nullable: true,
      description: 'The conversation of the question; null with `store: false` and no conversation.',
      resolve: ({ conversationId }, _, { conversations }) => loadOptional(conversations, conversationId),
    }),
    requester: t.field({
      type: 'User',
      description: 'The user who asked.',
      resolve: ({ requesterId }, _, { users }) => loadExisting(users, requesterId),
    }),
    parameters: t.field({
      type: 'JSON',
      description: 'The parameters as they were sent upstream, by their wire names (`top_p`), without the messages.',
      resolve: async ({ id }, _, { requests }) => (await loadExisting(requests, id)).parameters,
    }),
    context: t.field({
      type: ContextReport,
      description: 'Which part of the conversation was sent, and which was left out.',
      resolve: ({ id, context }) => ({ ...context, completionId: id }),
    }),
    metadata: t.expose('metadata', {
      type: [KeyValue],
      extensions: atMost(16),
      description: 'The metadata of the request.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the question was asked.' }),
    firstTokenAt: t.expose('firstTokenAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the first text of the answer arrived; null if none has arrived.',
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
    description: 'The requests to upstreams that it took, in their order; empty before the first has ended.',
  }),
  systemFingerprint: t.exposeString('systemFingerprint', {
    nullable: true,
    description: "The provider's fingerprint of the backend that answered; null if it sent none.",
  }),
  serviceTier: t.exposeString('serviceTier', {
    nullable: true,
    description: 'The service tier that was used; null if the provider did not name it.',
  }),
}))

const CreateCompletionPayload = builder
  .objectRef<{ completion: Completion; replayed: boolean }>('CreateCompletionPayload')
  .implement({
    description: 'A completion that was started.',
    fields: (t) => ({
      completion: t.expose('completion', {
        type: 'Completion',
        description: 'The completion, which has ended or, with `background: true`, is in progress.',
      }),
      conversation: t.field({
        type: 'Conversation',
        nullable: true,
        description:
          'The conversation of the question, which may be new; null with `store: false` and no conversation.',
        resolve: ({ completion }, _, { conversations }) => loadOptional(conversations, completion.conversationId),
      }),
      messageEdges: t.field({
        type: [MessageEdge],
        extensions: atMost(maxAddedMessages),
        description: edgesDescription,
        resolve: ({ completion }, _, context) => addedEdges(completion, context),
      }),
      replayed: t.exposeBoolean('replayed', {
        description: 'true if an earlier request with this idempotency key started the completion.',
      }),
    }),
  })

const CreateCompletionResult = createResult(
  'CreateCompletionResult',
  'A completion, or the reason why there is none.',
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
  description: 'A completion that does not continue.',
  fields: (t) => ({
    completion: t.expose('completion', {
      type: 'Completion',
      description: 'The completion, which is CANCELLED or had ended before. The text so far is kept.',
    }),
  }),
})

const CancelCompletionResult = createResult(
  'CancelCompletionResult',
  'The completion that was stopped, or the reason why none was.',
  CancelCompletionPayload,
  ['NOT_FOUND', 'FORBIDDEN'],
)

const ContextPreviewPayload = builder.objectRef<{ report: UnwrittenReport }>('ContextPreviewPayload').implement({
  description: 'The preview.',
  fields: (t) => ({
    report: t.expose('report', {
      type: ContextReport,
      description: 'Which messages would be sent, and which would be left out.',
    }),
  }),
})

const ContextPreviewResult = createResult(
  'ContextPreviewResult',
  'A preview, or the reason why there is none.',
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
    description:
      'A completion by its id; null if it does not exist or the viewer may not see it: the two cases are not distinguished.',
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
      'Which messages would be sent to the model for this input, and which would be left out. Nothing is sent or stored, and the conversation ' +
      'may be busy. If the messages are too long, the report has more promptTokens than its limit. Requires at least the EDITOR role.',
    args: {
      input: t.arg({ type: CreateCompletionInput, required: true, description: 'The input for createCompletion.' }),
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
      'Asks the model, and stores the question and the answer. Returns when the completion has ended or, with `background: true`, at once; ' +
      'then watch it with `completionStream`. Requires at least the EDITOR role.',
    args: { input: t.arg({ type: CreateCompletionInput, required: true, description: 'What to ask, and where.' }) },
    resolve: (_, { input }, { chat, viewer, signal }) =>
      failable(chat.completions.create(viewer, readInput(input), signal)),
  }),
  cancelCompletion: t.field({
    type: CancelCompletionResult,
    nullable: true,
    description:
      'Stops a completion. Any participant who may write can stop it from any client. The text so far is kept. A completion that has ended does not change.',
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
      'Streams one completion. `start` starts it and watches its answer in one step; `watch` follows an existing completion, in progress or ' +
      'ended, whoever started it. The first event is a CompletionSnapshot or, with a cursor that can still be served, the first delta after it. ' +
      'Deltas follow; the last event is CompletionEnded, and the subscription completes. The latest snapshot and all deltas after it, folded by ' +
      'their offsets, are exactly the stored message, however often the client reconnects and to whichever server.',
    args: { input: t.arg({ type: CompletionStreamInput, required: true, description: 'What to watch.' }) },
    subscribe: (_, { input: { start, watch } }, { chat, viewer }) =>
      start ? chat.completions.start(viewer, readStart(start)) : chat.completions.watch(viewer, readWatch(watch)),
    resolve: (event, { input }) =>
      event.type === 'rejected' ? { ...event, completionId: input.watch?.completionId ?? '' } : event,
  }),
)
