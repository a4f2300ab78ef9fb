import { builder } from '../builder.ts'
import { ImageDetail } from './message-part.ts'

export const MessageRole = builder.enumType('MessageRole', {
  description: 'Who speaks.',
  values: {
    DEVELOPER: { description: 'Whoever builds the app: instructions that newer models take in place of SYSTEM.' },
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
    detail: t.field({ type: ImageDetail, description: 'How closely to look; absent: as the model decides.' }),
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
  description: 'A tool call that the model made earlier, to tell it again.',
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
    'A message to write or to send. Takes `content` or `parts`, not both; an ASSISTANT one may have tool calls alone.',
  fields: (t) => ({
    role: t.field({ type: MessageRole, required: true, description: 'Who speaks; for what a person typed, USER.' }),
    content: t.string({ description: 'The text.' }),
    parts: t.field({ type: [ContentPartInput], description: 'Text and other pieces, in their order.' }),
    name: t.string({ description: 'Tells speakers of the same role apart, such as `alice`.' }),
    toolCalls: t.field({ type: [ToolCallInput], description: 'What the model called; in ASSISTANT messages only.' }),
    toolCallId: t.string({ description: 'Which call this answers; in TOOL messages, and needed there.' }),
  }),
})
