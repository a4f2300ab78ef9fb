import type { Completion, CompletionRequest } from '../../chat/completion/completion.ts'
import {
  type ToolCall as Call,
  type Message,
  maxSiblings,
  messageEdge,
  type ContentPart as Part,
} from '../../chat/conversation/message.ts'
import { builder } from '../builder.ts'
import { createConnection } from '../connection.ts'
import { type Context, loadOptional } from '../context.ts'
import { atMost, part } from '../cost.ts'
import { createResult, failable } from '../error.ts'
import { readId, readOptionalId, writeId } from '../global-id.ts'
import { Node } from '../node.ts'
import { DeleteResult } from './delete-result.ts'
import { MessageInput, MessageRole } from './message-input.ts'
import { ContentPart } from './message-part.ts'

const MessageStatus = builder.enumType('MessageStatus', {
  description: 'Whether the text is complete.',
  values: {
    STREAMING: {
      description:
        'The model is writing the message: `content` is the text so far, and `completionStream` has the rest.',
    },
    COMPLETE: { description: 'The text is complete.' },
    PARTIAL: {
      description: 'The answer was cut off, and the text so far is kept. The status and error of `completion` say why.',
    },
  },
})

const ToolCall = builder.objectRef<Call>('ToolCall').implement({
  extensions: part,
  description: 'The model asks for a tool to be run. The result goes back as a TOOL message with `toolCallId`.',
  fields: (t) => ({
    callId: t.exposeString('id', {
      description:
        "The model's own id of the call, such as `call_abc`. It is not called `id`, because it is unique only within a conversation.",
    }),
    type: t.string({ description: 'Always `function`.', resolve: () => 'function' }),
    name: t.exposeString('name', { description: 'Which tool.' }),
    arguments: t.exposeString('arguments', { description: 'The raw text that the model wrote.' }),
    json: t.field({
      type: 'JSON',
      nullable: true,
      description: '`arguments`, parsed; null when the model wrote invalid JSON.',
      resolve: (call) => parsed(call.arguments),
    }),
  }),
})

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function partsOf({ parts, content }: Message): Part[] {
  return parts ?? (content === null ? [] : [{ type: 'text', text: content }])
}

const asksForJson = ({ parameters }: CompletionRequest) =>
  /^json_(object|schema)$/.test(String((parameters['response_format'] as { type?: unknown } | undefined)?.type))

async function jsonOf({ completionId, content }: Message, { requests }: Context): Promise<unknown> {
  if (completionId === null || content === null) return null
  const request = await requests.load(completionId)
  return request !== null && asksForJson(request) ? parsed(content) : null
}

builder.objectType('Message', {
  description: 'A message in a conversation, by a person, the model or a tool.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.id({ description: 'Opaque and global.', resolve: ({ id }) => writeId('Message', id) }),
    conversation: t.field({
      type: 'Conversation',
      nullable: true,
      description:
        'The conversation of the message; null for a message that is not stored (`store: false`, or a preview).',
      resolve: ({ conversationId }, _, { conversations }) => loadOptional(conversations, conversationId),
    }),
    role: t.expose('role', { type: MessageRole, description: 'The author of the message.' }),
    content: t.exposeString('content', {
      nullable: true,
      description: 'All text parts, joined; null when the message has none (tool calls only, or a refusal).',
    }),
    parts: t.field({
      type: [ContentPart],
      extensions: atMost(128),
      description: 'All pieces in their order; one TextPart for plain text, empty when there is no content.',
      resolve: partsOf,
    }),
    json: t.field({
      type: 'JSON',
      nullable: true,
      description: '`content` parsed, where the completion asked for JSON and got it; else null.',
      resolve: (message, _, context) => jsonOf(message, context),
    }),
    name: t.exposeString('name', {
      nullable: true,
      description: 'A name that distinguishes authors of the same role; null if it was not set.',
    }),
    refusal: t.exposeString('refusal', {
      nullable: true,
      description: "The model's explanation why it refuses to answer; null if it does not refuse.",
    }),
    reasoning: t.exposeString('reasoning', {
      nullable: true,
      description: 'The reasoning of the model before its answer; null if the upstream does not send it.',
    }),
    toolCalls: t.expose('toolCalls', {
      type: [ToolCall],
      extensions: atMost(128),
      description: 'The tools that the model asks to be run, in its order; empty if there are none.',
    }),
    toolCallId: t.exposeString('toolCallId', {
      nullable: true,
      description: 'The call whose result a TOOL message is; null for other messages.',
    }),
    author: t.field({
      type: 'User',
      nullable: true,
      description: 'The person who wrote the message; null for a message of the model.',
      resolve: ({ authorId }, _, { users }) => loadOptional(users, authorId),
    }),
    completion: t.field({
      type: 'Completion',
      nullable: true,
      description: 'The completion that wrote the message; null for a message of a person.',
      resolve: ({ completionId }, _, { completions }) => loadOptional(completions, completionId),
    }),
    choiceIndex: t.exposeInt('choiceIndex', {
      nullable: true,
      description: 'The index of the choice of its completion, from 0; null for a message of a person.',
    }),
    status: t.expose('status', { type: MessageStatus, description: 'Whether the text is complete.' }),
    createdAt: t.expose('createdAt', {
      type: 'DateTime',
      description: 'When the message was written; for an answer, when the question was asked.',
    }),
  }),
})

builder.objectFields('Message', (t) => ({
  parent: t.field({
    type: 'Message',
    nullable: true,
    description: 'The message before it, without deleted ones; null for the first message.',
    resolve: ({ parentId }, _, { messages }) => loadOptional(messages, parentId),
  }),
  siblings: t.field({
    type: ['Message'],
    extensions: atMost(maxSiblings),
    description:
      'The messages with the same parent, including this one, oldest first: edits, regenerations, and the n choices of one completion. ' +
      'Of more than 200, the newest 200.',
    resolve: ({ id }, _, { siblings }) => siblings.load(id),
  }),
  siblingsCount: t.int({
    description: 'How many messages have the same parent, including this one.',
    resolve: ({ id }, _, { siblingsCount }) => siblingsCount.load(id),
  }),
}))

export const { Connection: MessageConnection, Edge: MessageEdge } = createConnection(
  'Message',
  'messages on one path, oldest first',
)

/** The edge of a message on the viewer's path; null if the message is on another branch. */
export async function pathEdge(message: Message, { onPath }: Context) {
  return (await onPath.load(message.id)) ? messageEdge(message) : null
}

/** The edges of the messages that a completion added to the viewer's path. */
export async function addedEdges(completion: Completion, { addedMessages }: Context) {
  return (await addedMessages.load(completion)).map(messageEdge)
}

const CreateMessageInput = builder.inputType('CreateMessageInput', {
  description: 'A message to write without asking the model.',
  fields: (t) => ({
    conversationId: t.id({ required: true, description: 'The id of the conversation.' }),
    message: t.field({ type: MessageInput, required: true, description: 'The content of the message.' }),
    parentId: t.id({
      description:
        "The message before the new one; absent: the viewer's current leaf. Cannot be combined with `replaces`.",
    }),
    replaces: t.id({ description: 'Makes it an edit: a sibling of that message. Cannot be combined with `parentId`.' }),
    idempotencyKey: t.string({
      description: 'The same key with the same input returns the same message and writes nothing. 1 to 255 characters.',
    }),
  }),
})

const MessagePayload = builder.objectRef<{ createdMessage: Message }>('MessagePayload').implement({
  description: 'A message that was written.',
  fields: (t) => ({
    createdMessage: t.expose('createdMessage', {
      type: 'Message',
      description:
        'The message. The field is not called `message`, because that is a field of Error, and one selection should serve the whole union.',
    }),
    messageEdge: t.field({
      type: MessageEdge,
      nullable: true,
      description:
        "The edge of the message in `Conversation.messages`, for caches that append edges; null if the message is not on the viewer's path.",
      resolve: ({ createdMessage }, _, context) => pathEdge(createdMessage, context),
    }),
  }),
})

const MessageResult = createResult('MessageResult', 'A new message, or why there is none.', MessagePayload, [
  'INVALID_INPUT',
  'NOT_FOUND',
  'FORBIDDEN',
  'CONVERSATION_BUSY',
  'IDEMPOTENCY_CONFLICT',
])

builder.mutationFields((t) => ({
  createMessage: t.field({
    type: MessageResult,
    nullable: true,
    description:
      'Writes a message without asking the model. With `replaces`, it is an edit: a sibling of that message. Requires at least the EDITOR role.',
    args: {
      input: t.arg({ type: CreateMessageInput, required: true, description: 'The message, and where to insert it.' }),
    },
    resolve: (_, { input }, { chat, viewer }) => {
      const conversationId = readId('Conversation', input.conversationId)
      const parentId = readOptionalId('Message', input.parentId)
      const replaces = readOptionalId('Message', input.replaces)
      const written = chat.messages.create(viewer, { ...input, conversationId, parentId, replaces })
      return failable(written.then((createdMessage) => ({ createdMessage })))
    },
  }),
  deleteMessage: t.field({
    type: DeleteResult,
    nullable: true,
    description:
      'Deletes a message for everybody and for good. The messages after it stay, and the message before it becomes their parent. Participants ' +
      'whose current leaf it is move to the message before it or, if there is none, to the newest first message. An answer that is still being ' +
      'written is cancelled first, with its other choices. Requires the OWNER role, or that the viewer is an EDITOR who wrote the message or asked the question.',
    args: { id: t.arg.id({ required: true, description: 'The id of the message.' }) },
    resolve: (_, { id }, { chat, viewer }) =>
      failable(chat.messages.remove(viewer, readId('Message', id)).then(() => ({ deletedId: id }))),
  }),
}))
