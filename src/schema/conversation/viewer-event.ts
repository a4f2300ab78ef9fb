import { conversationEdge } from '../../chat/conversation/conversation.ts'
import type { ViewerEvent as Event } from '../../chat/conversation/viewer-event.ts'
import { builder } from '../builder.ts'
import { writeId } from '../global-id.ts'
import { ConversationEdge } from './conversation-connection.ts'

type EventOf<Kind extends Event['kind']> = Extract<Event, { kind: Kind }>
type ConversationEventOf = EventOf<'APPEARED' | 'CHANGED'>

const ViewerEventsOpened = builder.objectRef<EventOf<'OPENED'>>('ViewerEventsOpened').implement({
  description:
    'Read the list from `conversations` when you get this event: all later changes follow as events. It is the first event of each ' +
    'subscription, and comes again if more conversations have changed at once than are sent one by one.',
  fields: (t) => ({ viewer: t.expose('viewer', { type: 'User', description: 'The user whose list it is.' }) }),
})

function createConversationEvent(name: string, description: string) {
  return builder.objectRef<ConversationEventOf>(name).implement({
    description,
    fields: (t) => ({
      conversation: t.expose('conversation', {
        type: 'Conversation',
        description: 'The conversation in its current state.',
      }),
      conversationEdge: t.field({
        type: ConversationEdge,
        description:
          'The edge of the conversation in `Query.conversations` without a filter, where the latest change comes first.',
        resolve: ({ conversation }) => conversationEdge(conversation),
      }),
    }),
  })
}

const ConversationAppeared = createConversationEvent('ConversationAppeared', 'It was made, or shared with the viewer.')

const ConversationChanged = createConversationEvent(
  'ConversationChanged',
  'A conversation changed: its title, its position in the list, or whether an answer is being written in it (`activeCompletions`). Several ' +
    'changes in quick succession are one event.',
)

const ConversationDisappeared = builder.objectRef<EventOf<'DISAPPEARED'>>('ConversationDisappeared').implement({
  description: 'A conversation was deleted, or the viewer is no longer a participant.',
  fields: (t) => ({
    conversationId: t.id({
      description: 'The id of the conversation, to remove it from the list.',
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
      "The changes of the viewer's list of conversations, at any server. The first event is always ViewerEventsOpened; the state before it is " +
      'read from `conversations`. An event may be about a change that the list already shows. There is no cursor: after a lost connection, ' +
      'subscribe again and read the list again. Error: RATE_LIMITED if the viewer has too many streams open.',
    subscribe: (_, __, { chat, viewer }) => chat.viewerEvents.watch(viewer),
    resolve: (event) => event,
  }),
)
