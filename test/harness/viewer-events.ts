import { subscribe } from './client.ts'

export const viewerEvents = `subscription {
  viewerEvents {
    __typename
    ... on ViewerEventsOpened { viewer { name } }
    ... on ConversationAppeared { ...L }
    ... on ConversationChanged { ...M }
    ... on ConversationDisappeared { conversationId }
  }
}
fragment L on ConversationAppeared { conversation { ...C } conversationEdge { cursor node { id } } }
fragment M on ConversationChanged { conversation { ...C } conversationEdge { cursor node { id } } }
fragment C on Conversation { id title viewerRole unreadCount activeCompletions { id } }`

export interface ListedConversation {
  id: string
  title: string | null
  viewerRole: string
  unreadCount: number
  activeCompletions: { id: string }[]
}

export type ViewerEvent =
  | { __typename: 'ViewerEventsOpened'; viewer: { name: string } }
  | {
      __typename: 'ConversationAppeared' | 'ConversationChanged'
      conversation: ListedConversation
      conversationEdge: { cursor: string; node: { id: string } }
    }
  | { __typename: 'ConversationDisappeared'; conversationId: string }

/** Subscribes to the events of a user's list of conversations. */
export function watchList(url: string, as: string, over: 'websocket' | 'sse' = 'websocket') {
  const subscription = subscribe<{ viewerEvents: ViewerEvent }>(url, viewerEvents, {}, { as, over })
  async function next(): Promise<ViewerEvent | null> {
    const { done, value } = await subscription.next()
    return done ? null : value.viewerEvents
  }
  return {
    next,
    /** Reads up to the first event that fits, and returns all events that were read. */
    async until(fits: (event: ViewerEvent) => boolean): Promise<ViewerEvent[]> {
      return (await subscription.until(({ viewerEvents: event }) => fits(event))).map(
        ({ viewerEvents: event }) => event,
      )
    },
    close: subscription.close,
    drop: subscription.drop,
  }
}

export function isOf(type: ViewerEvent['__typename'], id: string) {
  return (event: ViewerEvent) => event.__typename === type && idOf(event) === id
}

export function idOf(event: ViewerEvent): string | null {
  if ('conversation' in event) return event.conversation.id
  return 'conversationId' in event ? event.conversationId : null
}
