import { maxAddedMessages } from '../../chat/completion/added-message.ts'
import type { CompletionEvent as Event } from '../../chat/completion/completion.ts'
import { ranges } from '../../chat/prompt/parameter-limits.ts'
import { builder } from '../builder.ts'
import { addedEdges, MessageEdge } from '../conversation/message.ts'
import { atMost } from '../cost.ts'
import { ExpectedError } from '../error.ts'
import { writeId } from '../global-id.ts'
import { ChoiceDelta } from './choice.ts'
import { CreateCompletionInput } from './completion-input.ts'

type EventOf<Type extends Event['type']> = Extract<Event, { type: Type }>

const typeNames = {
  snapshot: 'CompletionSnapshot',
  delta: 'CompletionDelta',
  ended: 'CompletionEnded',
  rejected: 'CompletionRejected',
} as const satisfies Record<Event['type'], string>

export const CompletionEvent = builder.interfaceRef<Event>('CompletionEvent').implement({
  description: 'Something that happened to a completion.',
  resolveType: ({ type }) => typeNames[type],
  fields: (t) => ({
    completionId: t.id({ description: 'Which completion.', resolve: completionIdOf }),
    cursor: t.expose('cursor', {
      type: 'Cursor',
      description:
        'The position after this event. Pass the latest cursor to `watch` as `after` to continue without a gap. A rejection that is the only ' +
        'event has the cursor of the request, or an empty one, which `watch` treats as none.',
    }),
  }),
})

// In a rejection the id is the text that the client sent.
function completionIdOf({ type, completionId }: Event): string {
  return type === 'rejected' ? completionId : writeId('Completion', completionId)
}

const interfaces = [CompletionEvent]

export const edgesDescription =
  "The messages that the completion added to the viewer's path, oldest first: those of the question (the newest 49 of many) and the answer. The " +
  'cursors are those of `Conversation.messages`, for caches that append edges. Empty with `store: false`, and if the viewer is on another branch.'

builder.objectType(builder.objectRef<EventOf<'snapshot'>>('CompletionSnapshot'), {
  description:
    'The whole text so far, which replaces the text that you have. It is the first event, unless the request has a cursor that can be served. ' +
    'It also comes before the last event if the server that streamed the answer was lost and may have sent more text than is stored.',
  interfaces,
  fields: (t) => ({
    completion: t.expose('completion', { type: 'Completion', description: 'As it is now.' }),
    messageEdges: t.field({
      type: [MessageEdge],
      extensions: atMost(maxAddedMessages),
      description: edgesDescription,
      resolve: ({ completion }, _, context) => addedEdges(completion, context),
    }),
    choices: t.expose('choices', {
      type: [ChoiceDelta],
      extensions: atMost(ranges.n[1]),
      description: 'The whole text of each choice so far, in the form of a delta.',
    }),
  }),
})

builder.objectType(builder.objectRef<EventOf<'delta'>>('CompletionDelta'), {
  description:
    'The text that is new since the event before, or since the cursor of the request. A slow client gets fewer and larger deltas.',
  interfaces,
  fields: (t) => ({
    choices: t.expose('choices', {
      type: [ChoiceDelta],
      extensions: atMost(ranges.n[1]),
      description: 'The new part of each choice that has one.',
    }),
  }),
})

builder.objectType(builder.objectRef<EventOf<'ended'>>('CompletionEnded'), {
  description: 'The last event: the completion has ended, well or not, and is stored.',
  interfaces,
  fields: (t) => ({
    completion: t.expose('completion', {
      type: 'Completion',
      description: 'The completion as it is stored, with its status, error, usage and complete messages.',
    }),
  }),
})

builder.objectType(builder.objectRef<EventOf<'rejected'>>('CompletionRejected'), {
  description:
    'The only event if `start` was refused before the completion existed (with the errors of createCompletion), or if `watch` had the id of a ' +
    'completion that the viewer may not see (NotFound) or a cursor of another completion (InvalidInput). The last event if the viewer is no longer ' +
    'a participant of the conversation (NotFound). `completionId` and `cursor` are those of the request, or empty.',
  interfaces,
  fields: (t) => ({
    error: t.expose('failure', { type: ExpectedError, description: 'Why.' }),
  }),
})

const StreamMode = builder.enumType('StreamMode', {
  description: 'The content of the events between the first and the last.',
  values: {
    DELTA: { description: 'Each event has the new text.' },
    SNAPSHOT: { description: 'Each event is a CompletionSnapshot with the whole text so far.' },
  },
})

const modeDescription = 'Whether the events have the new text, or the whole text so far.'
const flushMsDescription =
  'Collects the text of this many milliseconds into one event; 0: sends text at once. For clients that render slowly.'

export const StartStreamInput = builder.inputType('StartStreamInput', {
  description:
    'Starts a completion and watches it. After a lost connection, send the same `start` again, as graphql-ws clients do by themselves: ' +
    'because of the key it attaches to the running completion, beginning with a new snapshot, instead of starting another one. ' +
    '`completion.idempotencyKey` and `background` are ignored here. The keys of a user are shared with createCompletion.',
  fields: (t) => ({
    idempotencyKey: t.string({
      required: true,
      description: 'A new key for each question, such as `crypto.randomUUID()`. 1 to 255 characters.',
    }),
    completion: t.field({ type: CreateCompletionInput, required: true, description: 'What to ask, and where.' }),
    mode: t.field({ type: StreamMode, defaultValue: 'DELTA', description: modeDescription }),
    flushMs: t.int({ defaultValue: 0, description: flushMsDescription }),
  }),
})

export const WatchStreamInput = builder.inputType('WatchStreamInput', {
  description: 'Follows an existing completion, in progress or ended. It never starts one.',
  fields: (t) => ({
    completionId: t.id({ required: true, description: 'The id of the completion.' }),
    after: t.field({
      type: 'Cursor',
      description:
        'The latest cursor that you have seen, to get only what came since; absent or empty: begin with a snapshot.',
    }),
    mode: t.field({ type: StreamMode, defaultValue: 'DELTA', description: modeDescription }),
    flushMs: t.int({ defaultValue: 0, description: flushMsDescription }),
  }),
})

export const CompletionStreamInput = builder.inputType('CompletionStreamInput', {
  description: 'What to watch: exactly one of these.',
  isOneOf: true,
  fields: (t) => ({
    start: t.field({ type: StartStreamInput, description: 'A new completion.' }),
    watch: t.field({ type: WatchStreamInput, description: 'One that exists.' }),
  }),
})
