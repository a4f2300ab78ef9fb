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
    'Something that happened in a conversation. All participants get the same events in the same order, and the objects of an event ' +
    'can already be read. The objects have the state of the moment when you get the event. So after a pause they may be newer than the ' +
    'event, and the events in between follow.',
  resolveType: ({ kind }) => typeNames[kind],
  fields: (t) => ({
    conversationId: t.id({
      description: 'The id of the conversation.',
      // In a rejection the id is the text that the client sent.
      resolve: ({ kind, conversationId }) =>
        kind === 'REJECTED' ? conversationId : writeId('Conversation', conversationId),
    }),
    cursor: t.expose('cursor', {
      type: 'Cursor',
      description:
        'The position after this event. Pass the latest cursor to `conversationEvents` as `after` to continue without a gap. A rejection has ' +
        'the cursor of the request.',
    }),
  }),
})

const interfaces = [ConversationEvent]

builder.objectType(builder.objectRef<EventOf<'MESSAGE_CREATED'>>('MessageCreated'), {
  description:
    "A message was written, by `createMessage` or as a part of a question. The model's answers are announced by CompletionStarted and " +
    'CompletionFinished instead. For a message that has been deleted meanwhile, only MessageDeleted comes.',
  interfaces,
  fields: (t) => ({
    message: t.expose('message', {
      type: 'Message',
      description: 'The message. `parent` is the message before it.',
    }),
    messageEdge: t.field({
      type: MessageEdge,
      nullable: true,
      description:
        "The edge of the message in `Conversation.messages`, for caches that append edges; null if the message is not on the viewer's path.",
      resolve: ({ message }, _, context) => pathEdge(message, context),
    }),
  }),
})

builder.objectType(builder.objectRef<EventOf<'MESSAGE_DELETED'>>('MessageDeleted'), {
  description: 'A message was deleted.',
  interfaces,
  fields: (t) => ({
    messageId: t.id({
      description: 'The id of the message, to remove it from what you show.',
      resolve: ({ messageId }) => writeId('Message', messageId),
    }),
  }),
})

builder.objectType(builder.objectRef<EventOf<'COMPLETION_STARTED'>>('CompletionStarted'), {
  description:
    'A completion was started, or waits for its turn. Its answers are in `choices` and still empty: watch them with ' +
    '`completionStream`. The event also comes with `store: false`, because the completion is one of the `activeCompletions`.',
  interfaces,
  fields: (t) => ({
    completion: t.expose('completion', {
      type: 'Completion',
      description: 'The completion. It may already have ended when you get the event.',
    }),
  }),
})

builder.objectType(builder.objectRef<EventOf<'COMPLETION_FINISHED'>>('CompletionFinished'), {
  description:
    'A completion has ended, successfully or not, and its answers are stored. The event comes once for each CompletionStarted.',
  interfaces,
  fields: (t) => ({
    completion: t.expose('completion', {
      type: 'Completion',
      description: 'The completion with its status, error, usage and complete messages.',
    }),
  }),
})

builder.objectType(builder.objectRef<EventOf<'CONVERSATION_UPDATED'>>('ConversationUpdated'), {
  description: 'The title, system prompt or defaults were changed, or the conversation was archived or restored.',
  interfaces,
  fields: (t) => ({
    conversation: t.expose('conversation', {
      type: 'Conversation',
      description: 'The conversation in its current state.',
    }),
  }),
})

builder.objectType(builder.objectRef<EventOf<'PARTICIPANTS_CHANGED'>>('ParticipantsChanged'), {
  description: 'Somebody joined, left, or got another role.',
  interfaces,
  fields: (t) => ({
    conversation: t.expose('conversation', {
      type: 'Conversation',
      description: 'The conversation in its current state, with its `participants` and your `viewerRole`.',
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
    'The only event if the viewer may not see the conversation (NotFound), or if the cursor does not belong to it (InvalidInput). The ' +
    'subscription completes, and a retry has the same result. `conversationId` and `cursor` are those of the request.',
  interfaces,
  fields: (t) => ({
    error: t.expose('failure', { type: ExpectedError, description: 'Why.' }),
  }),
})

builder.objectField('Conversation', 'eventCursor', (t) =>
  t.field({
    type: 'Cursor',
    description:
      'The position after the last event of the conversation. Read it in the same operation as the data that you show, and pass it to ' +
      '`conversationEvents` as `after`: then you get every event that the data does not include.',
    resolve: ({ id, lastEvent }) => writeEventCursor(id, lastEvent),
  }),
)

builder.subscriptionField('conversationEvents', (t) =>
  t.field({
    type: ConversationEvent,
    description:
      'The events of a conversation after a cursor: new messages, completions that start and end, changes of participants and of the title. ' +
      'Every event comes once, in the same order for everybody. After a lost connection, continue with the latest cursor, at any server. A client ' +
      'that automatically resubscribes with its first cursor gets some events again, and never misses one.',
    args: {
      conversationId: t.arg.id({ required: true, description: 'The id of the conversation.' }),
      after: t.arg({
        type: 'Cursor',
        required: true,
        description:
          '`Conversation.eventCursor` for the first subscription, then the cursor of the last event that you got.',
      }),
    },
    subscribe: (_, { conversationId, after }, { chat, viewer }) =>
      chat.conversationEvents.watch(viewer, readId('Conversation', conversationId), after),
    resolve: (event, { conversationId }) => (event.kind === 'REJECTED' ? { ...event, conversationId } : event),
  }),
)
