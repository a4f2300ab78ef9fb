import { conversationEdge } from '../../chat/conversation/conversation.ts'
import type { ViewerEvent as Event } from '../../chat/conversation/viewer-event.ts'
import { builder } from '../builder.ts'
import { writeId } from '../global-id.ts'
import { ConversationEdge } from './conversation-connection.ts'

type EventOf<Kind extends Event['kind']> = Extract<Event, { kind: Kind }>
type ConversationEventOf = EventOf<'APPEARED' | 'CHANGED'>

const ViewerEventsOpened = builder.objectRef<EventOf<'OPENED'>>('ViewerEventsOpened').implement({
  description:
    'Read the list from `conversations` now: what happens from here on follows. It is the first event, also after a client has ' +
    're-subscribed by itself, and comes again where more has changed than is told one by one.',
  fields: (t) => ({ viewer: t.expose('viewer', { type: 'User', description: 'Whose list it is.' }) }),
})

function createConversationEvent(name: string, description: string) {
  return builder.objectRef<ConversationEventOf>(name).implement({
    description,
    fields: (t) => ({
      conversation: t.expose('conversation', { type: 'Conversation', description: 'As it is now.' }),
      conversationEdge: t.field({
        type: ConversationEdge,
        description: 'Its edge in `Query.conversations` without a filter: the latest change comes first.',
        resolve: ({ conversation }) => conversationEdge(conversation),
      }),
    }),
  })
}

const ConversationAppeared = createConversationEvent('ConversationAppeared', 'It was made, or shared with the viewer.')

const ConversationChanged = createConversationEvent(
  'ConversationChanged',
  'Its title, its place in the list, or whether an answer is being written in it (`activeCompletions`). Several changes in quick succession ' +
    'are one event.',
)

const ConversationDisappeared = builder.objectRef<EventOf<'DISAPPEARED'>>('ConversationDisappeared').implement({
  description: 'It was deleted, or the viewer takes part in it no longer.',
  fields: (t) => ({
    conversationId: t.id({
      description: 'Which one: take it out of the list.',
      resolve: ({ conversationId }) => writeId('Conversation', conversationId),
    }),
  }),
})

const typeNames = {
  OPENED: 'ViewerEventsOpened',
  APPEARED: 'ConversationAppeared',
  CHANGED: 'ConversationChanged',
  DISAPPEARED: 'ConversationDisappeared',
} as const satisfies Record<Event['kind'], string>

const ViewerEvent = builder.unionType('ViewerEvent', {
  description: "Something that happened to the viewer's list of conversations.",
  types: [ViewerEventsOpened, ConversationAppeared, ConversationChanged, ConversationDisappeared],
  resolveType: ({ kind }) => typeNames[kind],
})

builder.subscriptionField('viewerEvents', (t) =>
  t.field({
    type: ViewerEvent,
    description:
      "Keeps the viewer's list of conversations fresh, at any server. The first event is always ViewerEventsOpened: what happened before it is " +
      'read from `conversations`. A conversation may be told of that the list has already. There is not a cursor: whoever comes back begins ' +
      'again. The error RATE_LIMITED where the viewer has too many streams open.',
    subscribe: (_, __, { chat, viewer }) => chat.viewerEvents.watch(viewer),
    resolve: (event) => event,
  }),
)
