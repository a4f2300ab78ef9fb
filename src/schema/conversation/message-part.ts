import type { ContentPart as Part } from '../../chat/conversation/message.ts'
import { builder } from '../builder.ts'
import { part } from '../cost.ts'

export const ImageDetail = builder.enumType('ImageDetail', {
  description: 'How closely the model is to look at an image; closer costs more tokens.',
  values: {
    AUTO: { description: 'As the model decides.' },
    LOW: { description: 'A small version.' },
    HIGH: { description: 'In full.' },
  },
})

type PartOf<Type extends Part['type']> = Extract<Part, { type: Type }>

const TextPart = builder.objectRef<PartOf<'text'>>('TextPart').implement({
  extensions: part,
  description: 'Text.',
  fields: (t) => ({
    text: t.exposeString('text', { description: 'As it was written; for an answer, usually Markdown.' }),
  }),
})

const ImagePart = builder.objectRef<PartOf<'image'>>('ImagePart').implement({
  extensions: part,
  description: 'An image.',
  fields: (t) => ({
    url: t.exposeString('url', {
      description: 'Where it is: an https address, or a `data:` URL with the image in it.',
    }),
    detail: t.expose('detail', {
      type: ImageDetail,
      nullable: true,
      description: 'How closely the model looks at the image; null if it was not set.',
    }),
  }),
})

const AudioPart = builder.objectRef<PartOf<'audio'>>('AudioPart').implement({
  extensions: part,
  description: 'A recording.',
  fields: (t) => ({
    data: t.exposeString('data', { description: 'The recording, in base64.' }),
    format: t.exposeString('format', { description: 'Such as `wav` or `mp3`.' }),
  }),
})

const FilePart = builder.objectRef<PartOf<'file'>>('FilePart').implement({
  extensions: part,
  description: 'A file. The provider has it under `fileId`, or it is sent as `fileData`.',
  fields: (t) => ({
    fileId: t.exposeString('fileId', {
      nullable: true,
      description: "The provider's id of the file; null if the file is sent as `fileData`.",
    }),
    fileData: t.exposeString('fileData', {
      nullable: true,
      description: 'The file, as a `data:` URL in base64; null if it has a `fileId`.',
    }),
    filename: t.exposeString('filename', { nullable: true, description: 'Such as `report.pdf`; null when not said.' }),
  }),
})

const typeNames = { text: 'TextPart', image: 'ImagePart', audio: 'AudioPart', file: 'FilePart' } as const

export const ContentPart = builder.unionType('ContentPart', {
  description: 'A piece of a message.',
  types: [TextPart, ImagePart, AudioPart, FilePart],
  resolveType: ({ type }) => typeNames[type],
})
