import { builder } from '../builder.ts'
import { ImageDetail } from './message-part.ts'

export const MessageRole = builder.enumType('MessageRole', {
  description: 'The author of a message.',
  values: {
    DEVELOPER: { description: 'The developer of the app: instructions that newer models use instead of SYSTEM.' },
    SYSTEM: { description: 'Instructions that stand above the conversation.' },
    USER: { description: 'A person.' },
    ASSISTANT: { description: 'The model.' },
    TOOL: { description: 'The result of a tool call, which `toolCallId` names.' },
  },
})

const ImageInput = builder.inputType('ImageInput', {
  description: 'An image to send.',
  fields: (t) => ({
    url: t.string({ required: true, description: 'An https address that the provider can reach, or a `data:` URL.' }),
    detail: t.field({
      type: ImageDetail,
      description: 'How closely the model looks at the image; absent: the model decides.',
    }),
  }),
})

const AudioInput = builder.inputType('AudioInput', {
  description: 'A recording to send.',
  fields: (t) => ({
    data: t.string({ required: true, description: 'The recording, in base64.' }),
    format: t.string({ required: true, description: 'Such as `wav` or `mp3`.' }),
  }),
})

const FileInput = builder.inputType('FileInput', {
  description: 'A file to send. Needs `fileId` or `fileData`.',
  fields: (t) => ({
    fileId: t.string({ description: "The provider's id of a file that it has." }),
    fileData: t.string({ description: 'The file, as a `data:` URL in base64.' }),
    filename: t.string({ description: 'Such as `report.pdf`; goes with `fileData`.' }),
  }),
})

const ContentPartInput = builder.inputType('ContentPartInput', {
  description: 'A piece of a message: exactly one of these.',
  isOneOf: true,
  fields: (t) => ({
    text: t.string({ description: 'Text.' }),
    image: t.field({ type: ImageInput, description: 'An image.' }),
    audio: t.field({ type: AudioInput, description: 'A recording.' }),
    file: t.field({ type: FileInput, description: 'A file.' }),
  }),
})

const ToolCallInput = builder.inputType('ToolCallInput', {
  description: 'A tool call that the model made earlier.',
  fields: (t) => ({
    callId: t.string({
      required: true,
      description: "The model's id of the call: the TOOL message with the result names it as `toolCallId`.",
    }),
    name: t.string({ required: true, description: 'The name of the tool.' }),
    arguments: t.string({ required: true, description: 'The raw text that the model wrote, usually a JSON object.' }),
  }),
})

export const MessageInput = builder.inputType('MessageInput', {
  description:
    'A message to write or to send. It has `content` or `parts`, not both; an ASSISTANT message may have only tool calls.',
  fields: (t) => ({
    role: t.field({
      type: MessageRole,
      required: true,
      description: 'The author; USER for a text that a person typed.',
    }),
    content: t.string({ description: 'The text.' }),
    parts: t.field({ type: [ContentPartInput], description: 'Text and other pieces, in their order.' }),
    name: t.string({ description: 'Tells speakers of the same role apart, such as `alice`.' }),
    toolCalls: t.field({
      type: [ToolCallInput],
      description: 'The tool calls of the model; only in ASSISTANT messages.',
    }),
    toolCallId: t.string({
      description: 'The call whose result this message is. Required in TOOL messages, and only allowed there.',
    }),
  }),
})
