import { maxAddedMessages } from '../../chat/completion/added-message.ts'
import type { CompletionEvent as Event } from '../../chat/completion/completion.ts'
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
        'The place after this event: give the latest to `watch`, as `after`, to go on without a gap. Where the only event is a rejection, ' +
        'the cursor that was given, or empty, which `watch` takes as none.',
    }),
  }),
})

// A rejection has it as the client gave it.
function completionIdOf({ type, completionId }: Event): string {
  return type === 'rejected' ? completionId : writeId('Completion', completionId)
}

const interfaces = [CompletionEvent]

export const edgesDescription =
  "What the completion added to the viewer's path, in its order: the question's messages, of many the newest 49, and the answer; with the cursors " +
  'of `Conversation.messages`, for caches that append edges. Empty with `store: false`, and where the viewer stands on another branch.'

builder.objectType(builder.objectRef<EventOf<'snapshot'>>('CompletionSnapshot'), {
  description:
    'All so far, to put in the place of what you have. The first event, unless a cursor was given that can be served. Also the last ' +
    'but one, where the server that streamed the answer was lost and may have shown more than is stored.',
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
      extensions: atMost(128),
      description: 'All of each choice so far, in the form of a delta.',
    }),
  }),
})

builder.objectType(builder.objectRef<EventOf<'delta'>>('CompletionDelta'), {
  description:
    'What is new since the event before, or since the cursor that was given. A slow client gets fewer and larger ones.',
  interfaces,
  fields: (t) => ({
    choices: t.expose('choices', {
      type: [ChoiceDelta],
      extensions: atMost(128),
      description: 'What is new, in each choice that has something new.',
    }),
  }),
})

builder.objectType(builder.objectRef<EventOf<'ended'>>('CompletionEnded'), {
  description: 'The last event: the completion has ended, well or not, and is stored.',
  interfaces,
  fields: (t) => ({
    completion: t.expose('completion', {
      type: 'Completion',
      description: 'As it is stored: status, error, usage and the whole messages.',
    }),
  }),
})

builder.objectType(builder.objectRef<EventOf<'rejected'>>('CompletionRejected'), {
  description:
    "The only event: `start` was refused before there was a completion (the same errors as createCompletion's), or `watch` named what the " +
    'viewer may not see (NotFound) or a cursor of something else (InvalidInput). Or the last one: the viewer takes part in the conversation ' +
    'no longer (NotFound). `completionId` and `cursor` are the ones that were given, or empty.',
  interfaces,
  fields: (t) => ({
    error: t.expose('failure', { type: ExpectedError, description: 'Why.' }),
  }),
})

const StreamMode = builder.enumType('StreamMode', {
  description: 'What the events between the first and the last have in them.',
  values: {
    DELTA: { description: 'Each event has what is new.' },
    SNAPSHOT: { description: 'Each event is a CompletionSnapshot with all so far.' },
  },
})

const modeDescription = 'Whether events have what is new, or all so far.'
const flushMsDescription =
  'Collect what comes for so many milliseconds and send it as one event; 0: send at once. For clients that draw slowly.'

export const StartStreamInput = builder.inputType('StartStreamInput', {
  description:
    'Asks the model and watches. A client that lost its connection sends the same `start` again, as graphql-ws clients do by themselves: ' +
    'the key makes it attach to the running completion, with a fresh snapshot, instead of starting another. ' +
    '`completion.idempotencyKey` and `background` are ignored here. One key space per user, shared with createCompletion.',
  fields: (t) => ({
    idempotencyKey: t.string({
      required: true,
      description: 'A new one for each question, such as `crypto.randomUUID()`. 1 to 255 characters.',
    }),
    completion: t.field({ type: CreateCompletionInput, required: true, description: 'What to ask, and where.' }),
    mode: t.field({ type: StreamMode, defaultValue: 'DELTA', description: modeDescription }),
    flushMs: t.int({ defaultValue: 0, description: flushMsDescription }),
  }),
})

export const WatchStreamInput = builder.inputType('WatchStreamInput', {
  description: 'Follows a completion that exists, live or finished. Never asks the model.',
  fields: (t) => ({
    completionId: t.id({ required: true, description: 'Which one.' }),
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
