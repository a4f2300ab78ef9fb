import { type ConversationEvent as Event, writeEventCursor } from '../../chat/conversation/conversation-event.ts'
import { builder } from '../builder.ts'
import { ExpectedError } from '../error.ts'
import { readId, writeId } from '../global-id.ts'
import { MessageEdge, pathEdge } from './message.ts'

type EventOf<Kind extends Event['kind']> = Event & { kind: Kind }

const typeNames = {
  MESSAGE_CREATED: 'MessageCreated',
  MESSAGE_DELETED: 'MessageDeleted',
  COMPLETION_STARTED: 'CompletionStarted',
  COMPLETION_FINISHED: 'CompletionFinished',
  CONVERSATION_UPDATED: 'ConversationUpdated',
  PARTICIPANTS_CHANGED: 'ParticipantsChanged',
  ACCESS_REVOKED: 'AccessRevoked',
  REJECTED: 'ConversationEventsRejected',
} as const satisfies Record<Event['kind'], string>

const ConversationEvent = builder.interfaceRef<Event>('ConversationEvent').implement({
  description:
    'Something that happened in a conversation. All its participants get the same events in the same order, and what an event ' +
    'speaks of can be read already. It comes as it is when you get it, so after a pause it may be further than the event: ' +
    'what is between the two follows.',
  resolveType: ({ kind }) => typeNames[kind],
  fields: (t) => ({
    conversationId: t.id({
      description: 'Which conversation.',
      // A rejection has it as the client gave it.
      resolve: ({ kind, conversationId }) =>
        kind === 'REJECTED' ? conversationId : writeId('Conversation', conversationId),
    }),
    cursor: t.expose('cursor', {
      type: 'Cursor',
      description:
        'The place after this event: give the latest to `conversationEvents`, as `after`, to go on without a gap. When rejected, the one ' +
        'that was given.',
    }),
  }),
})

const interfaces = [ConversationEvent]

builder.objectType(builder.objectRef<EventOf<'MESSAGE_CREATED'>>('MessageCreated'), {
  description:
    "A message was written: by `createMessage`, or as a part of a question. The model's answers are announced by CompletionStarted and " +
    'CompletionFinished instead. Of a message that was deleted meanwhile only the MessageDeleted comes.',
  interfaces,
  fields: (t) => ({
    message: t.expose('message', {
      type: 'Message',
      description: 'The message; `parent` says after which one it stands.',
    }),
    messageEdge: t.field({
      type: MessageEdge,
      nullable: true,
      description:
        "Its edge in `Conversation.messages`, for caches that append edges; null where it does not stand on the viewer's path.",
      resolve: ({ message }, _, context) => pathEdge(message, context),
    }),
  }),
})

builder.objectType(builder.objectRef<EventOf<'MESSAGE_DELETED'>>('MessageDeleted'), {
  description: 'A message is gone.',
  interfaces,
  fields: (t) => ({
    messageId: t.id({
      description: 'Which one: take it out of what you show.',
      resolve: ({ messageId }) => writeId('Message', messageId),
    }),
  }),
})

builder.objectType(builder.objectRef<EventOf<'COMPLETION_STARTED'>>('CompletionStarted'), {
  description:
    'The model was asked, or the question waits for its turn. Its answers stand in `choices`, still empty: watch them with ' +
    '`completionStream`. Also with `store: false`, since it is among the `activeCompletions`.',
  interfaces,
  fields: (t) => ({
    completion: t.expose('completion', {
      type: 'Completion',
      description: 'The completion; where you come late, perhaps already with its end.',
    }),
  }),
})

builder.objectType(builder.objectRef<EventOf<'COMPLETION_FINISHED'>>('CompletionFinished'), {
  description: 'A completion has ended, well or not, and its answers are stored. Each that has started ends so, once.',
  interfaces,
  fields: (t) => ({
    completion: t.expose('completion', {
      type: 'Completion',
      description: 'With its status, error, usage and whole messages.',
    }),
  }),
})

builder.objectType(builder.objectRef<EventOf<'CONVERSATION_UPDATED'>>('ConversationUpdated'), {
  description: 'Its title, system prompt or defaults were changed, or it was archived or taken back.',
  interfaces,
  fields: (t) => ({
    conversation: t.expose('conversation', { type: 'Conversation', description: 'As it is now.' }),
  }),
})

builder.objectType(builder.objectRef<EventOf<'PARTICIPANTS_CHANGED'>>('ParticipantsChanged'), {
  description: 'Somebody came in, left, or got another role.',
  interfaces,
  fields: (t) => ({
    conversation: t.expose('conversation', {
      type: 'Conversation',
      description: 'As it is now, with its `participants` and your `viewerRole`.',
    }),
  }),
})

builder.objectType(builder.objectRef<EventOf<'ACCESS_REVOKED'>>('AccessRevoked'), {
  description:
    'The last event: the viewer may no longer see the conversation, or it was deleted. The subscription completes.',
  interfaces,
})

builder.objectType(builder.objectRef<EventOf<'REJECTED'>>('ConversationEventsRejected'), {
  description:
    'The only event: the viewer may not see the conversation (NotFound), or the cursor is none of it (InvalidInput). The subscription ' +
    'completes; to ask again makes no difference. `conversationId` and `cursor` are the ones that were given.',
  interfaces,
  fields: (t) => ({
    error: t.expose('failure', { type: ExpectedError, description: 'Why.' }),
  }),
})

builder.objectField('Conversation', 'eventCursor', (t) =>
  t.field({
    type: 'Cursor',
    description:
      'The place after the last thing that happened here. Read it in the same operation as what you show, and give it to ' +
      '`conversationEvents` as `after`: then you hear of everything that this answer does not show.',
    resolve: ({ id, lastEvent }) => writeEventCursor(id, lastEvent),
  }),
)

builder.subscriptionField('conversationEvents', (t) =>
  t.field({
    type: ConversationEvent,
    description:
      'What happens in a conversation after a cursor: new messages, completions starting and ending, people, title. Every event comes ' +
      'once, in one order for everybody. A client that lost its connection goes on with its latest cursor, at any server; one that ' +
      're-subscribes by itself with its first cursor hears some events again, and never misses one.',
    args: {
      conversationId: t.arg.id({ required: true, description: 'The id of the conversation.' }),
      after: t.arg({
        type: 'Cursor',
        required: true,
        description: '`Conversation.eventCursor` at first, then the latest cursor that you have seen.',
      }),
    },
    subscribe: (_, { conversationId, after }, { chat, viewer }) =>
      chat.conversationEvents.watch(viewer, readId('Conversation', conversationId), after),
    resolve: (event, { conversationId }) => (event.kind === 'REJECTED' ? { ...event, conversationId } : event),
  }),
)
