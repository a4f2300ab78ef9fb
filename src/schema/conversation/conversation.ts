import type { CompletionDefaults as Defaults } from '../../chat/conversation/conversation.ts'
import { pageOf } from '../../chat/conversation/page.ts'
import { ranges, rangeText } from '../../chat/prompt/parameter-limits.ts'
import { builder } from '../builder.ts'
import { ContextStrategy } from '../completion/context-report.ts'
import { Usage } from '../completion/usage.ts'
import { maxActive } from '../context.ts'
import { atMost, pagedBy, part } from '../cost.ts'
import { failable } from '../error.ts'
import { readId, readOptionalId, writeId } from '../global-id.ts'
import { Node } from '../node.ts'
import { ConversationConnection } from './conversation-connection.ts'
import { ConversationResult, conversationResult } from './conversation-result.ts'
import { DeleteResult } from './delete-result.ts'
import { MessageConnection } from './message.ts'
import { ParticipantConnection, ParticipantRole } from './participant.ts'

const CompletionDefaults = builder.objectRef<Defaults>('CompletionDefaults').implement({
  extensions: part,
  description: 'The defaults for completions in this conversation. The input of a completion overrides them.',
  fields: (t) => ({
    model: t.exposeString('model', { nullable: true, description: "A model's id; null for the server's default." }),
    temperature: t.exposeFloat('temperature', {
      nullable: true,
      description: `${rangeText(ranges.temperature)}; null for the model's own.`,
    }),
    topP: t.exposeFloat('topP', {
      nullable: true,
      description: `${rangeText(ranges.topP)}; null for the model's own.`,
    }),
    maxTokens: t.exposeInt('maxTokens', {
      nullable: true,
      description: "The maximum number of tokens of one answer; null for the model's own limit.",
    }),
    contextStrategy: t.expose('contextStrategy', {
      type: ContextStrategy,
      description: 'Which part of the conversation is sent to the model.',
    }),
  }),
})

builder.objectType('Conversation', {
  description:
    'A thread of messages that several people may share. Messages form a tree: an edit or a regeneration branches off.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.id({ description: 'Opaque and global.', resolve: ({ id }) => writeId('Conversation', id) }),
    title: t.exposeString('title', {
      nullable: true,
      description:
        'The title to show in a list. If nobody sets one, the conversation gets one soon after its first complete answer, with the event ' +
        'ConversationUpdated; null until then.',
    }),
    systemPrompt: t.exposeString('systemPrompt', {
      nullable: true,
      description: 'Instructions that are sent before the messages with every completion; null if there are none.',
    }),
    defaults: t.expose('defaults', {
      type: CompletionDefaults,
      description: 'The defaults for completions in this conversation.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the conversation was created.' }),
    updatedAt: t.expose('updatedAt', {
      type: 'DateTime',
      description:
        'When the conversation last changed: by a message, the start or end of an answer, or a setting. Lists are ordered by it.',
    }),
    archivedAt: t.expose('archivedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was archived; null if it is not archived.',
    }),
    viewerRole: t.expose('viewerRole', {
      type: ParticipantRole,
      description: 'The role of the viewer in this conversation.',
    }),
    participants: t.field({
      type: ParticipantConnection,
      extensions: pagedBy('first'),
      description: 'The participants, in the order in which they joined.',
      args: {
        first: t.arg.int({ description: 'How many at most, up to 200; 50 when absent.' }),
        after: t.arg.string({ description: 'A cursor: what comes after that edge.' }),
      },
      resolve: async ({ id }, page, { participants }) =>
        pageOf(await participants.load(id), ({ joinedAt: time, userId: id }) => ({ time, id }), page),
    }),
    messages: t.field({
      type: MessageConnection,
      extensions: pagedBy('first', 'last'),
      description:
        "The path from the root to `leafId`, or to the viewer's current leaf, oldest first. " +
        'Use `last` to read the latest messages. Branches that leave the path are in `Message.siblings`.',
      args: {
        first: t.arg.int({
          description: 'The maximum number of messages, from the oldest on, up to 200; 50 without first and last.',
        }),
        after: t.arg.string({ description: 'A cursor: what comes after that edge.' }),
        last: t.arg.int({
          description: 'The maximum number of messages, up to the latest, up to 200. Cannot be combined with `first`.',
        }),
        before: t.arg.string({ description: 'A cursor: what comes before that edge.' }),
        leafId: t.arg.id({
          description: "The path's last message, else NOT_FOUND; absent: the viewer's current leaf.",
        }),
      },
      resolve: ({ id, viewerLeafId }, { leafId, ...page }, { paths }) =>
        paths.load({ conversationId: id, leafId: readOptionalId('Message', leafId), viewerLeafId, page }),
    }),
    activeCompletions: t.field({
      type: ['Completion'],
      extensions: atMost(maxActive),
      description:
        'The completions in progress, of all participants; watch them with `completionStream`. At most 100, in the order of their turns.',
      resolve: ({ id }, _, { activeCompletions }) => activeCompletions.load(id),
    }),
    usage: t.field({
      type: Usage,
      description: 'The usage of all completions that have ended.',
      resolve: ({ id }, _, { conversationUsage }) => conversationUsage.load(id),
    }),
  }),
})

const ConversationFilter = builder.inputType('ConversationFilter', {
  description: 'Conditions for the conversations to list. A conversation is listed if it meets all of them.',
  fields: (t) => ({
    archived: t.boolean({ description: 'true: only archived ones, false: only others; absent: both.' }),
    titleContains: t.string({ description: 'A part of the title, in upper or lower case.' }),
    role: t.field({
      type: ParticipantRole,
      description: 'Only conversations in which the viewer has exactly this role.',
    }),
  }),
})

builder.queryFields((t) => ({
  conversation: t.field({
    type: 'Conversation',
    nullable: true,
    description:
      'A conversation by its id; null if it does not exist or the viewer may not see it: the two cases are not distinguished.',
    args: { id: t.arg.id({ required: true, description: 'The id of the conversation.' }) },
    resolve: (_, { id }, { conversations }) => conversations.load(readId('Conversation', id)),
  }),
  conversations: t.field({
    type: ConversationConnection,
    nullable: true,
    extensions: pagedBy('first', 'last'),
    description: "The viewer's conversations, the last changed first.",
    args: {
      first: t.arg.int({
        description:
          'The maximum number of conversations, from the last changed on, up to 200; 50 without first and last.',
      }),
      after: t.arg.string({ description: 'A cursor: what comes after that edge.' }),
      last: t.arg.int({
        description:
          'The maximum number of conversations, from the other end, up to 200. Cannot be combined with `first`.',
      }),
      before: t.arg.string({ description: 'A cursor: what comes before that edge.' }),
      filter: t.arg({
        type: ConversationFilter,
        description: 'Conditions for the conversations to list; absent: all are listed.',
      }),
    },
    resolve: (_, { filter, ...page }, { chat, viewer }) => chat.conversations.list(viewer, filter ?? null, page),
  }),
}))

const CompletionDefaultsInput = builder.inputType('CompletionDefaultsInput', {
  description: 'Absent fields do not change; null removes a setting.',
  fields: (t) => ({
    model: t.string({ description: "A model's id, as in `models`." }),
    temperature: t.float({ description: `${rangeText(ranges.temperature)}: how freely the model chooses its words.` }),
    topP: t.float({ description: `${rangeText(ranges.topP)}: from how much of the likeliest words it chooses.` }),
    maxTokens: t.int({ description: 'The maximum number of tokens of one answer.' }),
    contextStrategy: t.field({
      type: ContextStrategy,
      description: 'Which part of the conversation is sent to the model; FULL by default, and again with null.',
    }),
  }),
})

const CreateConversationInput = builder.inputType('CreateConversationInput', {
  description: 'The properties of a new conversation. All of them can be changed later.',
  fields: (t) => ({
    idempotencyKey: t.string({
      description:
        'The same key with the same input returns the same conversation and creates none, until it is deleted. 1 to 255 characters.',
    }),
    title: t.string({ description: 'To show in a list.' }),
    systemPrompt: t.string({ description: 'Sent ahead of the messages with every completion.' }),
    defaults: t.field({ type: CompletionDefaultsInput, description: 'For completions that do not say otherwise.' }),
  }),
})

const UpdateConversationInput = builder.inputType('UpdateConversationInput', {
  description: 'Absent fields do not change; null removes a value.',
  fields: (t) => ({
    title: t.string({ description: 'To show in a list.' }),
    systemPrompt: t.string({ description: 'Sent ahead of the messages with every completion from now on.' }),
    defaults: t.field({ type: CompletionDefaultsInput, description: 'For completions that do not say otherwise.' }),
    archived: t.boolean({ description: 'true archives the conversation; false or null restores it.' }),
  }),
})

builder.mutationFields((t) => ({
  createConversation: t.field({
    type: ConversationResult,
    nullable: true,
    description:
      'Creates an empty conversation, whose OWNER is the viewer. `createCompletion` without a conversation creates one, too.',
    args: {
      input: t.arg({
        type: CreateConversationInput,
        required: true,
        description: 'The properties of the conversation.',
      }),
    },
    resolve: (_, { input }, { chat, viewer }) => conversationResult(chat.conversations.create(viewer, input)),
  }),
  updateConversation: t.field({
    type: ConversationResult,
    nullable: true,
    description:
      'Changes title, system prompt, defaults, or whether it is archived. Requires at least the EDITOR role.',
    args: {
      id: t.arg.id({ required: true, description: 'The id of the conversation.' }),
      input: t.arg({ type: UpdateConversationInput, required: true, description: 'The changes.' }),
    },
    resolve: (_, { id, input }, { chat, viewer }) =>
      conversationResult(chat.conversations.update(viewer, readId('Conversation', id), input)),
  }),
  deleteConversation: t.field({
    type: DeleteResult,
    nullable: true,
    description:
      'Deletes the conversation and all its messages for everybody and for good. Completions in progress are cancelled. Requires the OWNER role.',
    args: { id: t.arg.id({ required: true, description: 'The id of the conversation.' }) },
    resolve: (_, { id }, { chat, viewer }) =>
      failable(chat.conversations.remove(viewer, readId('Conversation', id)).then(() => ({ deletedId: id }))),
  }),
}))
