import type { Bus } from '../../bus/bus.ts'
import type { Store } from '../../store/store.ts'
import type { AccessModule } from '../access/access-module.ts'
import type { Log } from '../access/log.ts'
import { meteredWrites } from '../access/metered-writes.ts'
import type { AnswerModule } from '../answer/answer-module.ts'
import { type Branches, createBranches } from './branch.ts'
import { type Conversations, createConversations } from './conversation.ts'
import { type ConversationEvents, createConversationEvents } from './conversation-event.ts'
import { createEventReader } from './event-reader.ts'
import { createInvitations, type Invitations } from './invitation.ts'
import { createListReader } from './list-reader.ts'
import { createMessages, type Messages } from './message.ts'
import { createParticipants, type Participants } from './participant.ts'
import { createPresence, type Presence } from './presence.ts'
import { createViewerEvents, type ViewerEvents } from './viewer-event.ts'

/** Conversations with their messages, participants and events. */
export interface ConversationModule {
  conversations: Conversations
  conversationEvents: ConversationEvents
  viewerEvents: ViewerEvents
  presence: Presence
  participants: Participants
  invitations: Invitations
  branches: Branches
  messages: Messages
  start(): void
  stop(): void
}

export interface ConversationModuleOptions {
  store: Store
  bus: Bus
  log: Log
  access: AccessModule
  answer: AnswerModule
}

export function createConversationModule(options: ConversationModuleOptions): ConversationModule {
  const { store, bus, log, access, answer } = options
  const { limits, accessWatches } = access
  const { activeCompletions, canceller, withStreamingText } = answer
  const cancel = async (id: string, signal?: AbortSignal) => {
    const [completion] = await store.completions.load([id])
    if (completion !== undefined) await canceller.cancel(completion, signal)
  }
  const conversations = createConversations(store, bus, cancel)
  const messages = createMessages(store, bus, withStreamingText, cancel)
  const reader = createEventReader(store, bus, log)
  const lists = createListReader(store.conversationLists, bus, log)
  const people = createPresence({ store, bus, limits, accessWatches })
  return {
    conversations: meteredWrites(limits, conversations, 'create', 'update', 'remove', 'removeUntouched'),
    conversationEvents: createConversationEvents({ store, reader, conversations, messages, activeCompletions, limits }),
    viewerEvents: createViewerEvents({ conversations: store.conversations, lists, limits, log }),
    presence: people.presence,
    participants: meteredWrites(limits, createParticipants(store, bus, accessWatches), 'add', 'setRole', 'remove'),
    invitations: meteredWrites(limits, createInvitations(store, bus), 'create', 'accept'),
    branches: meteredWrites(limits, createBranches(store), 'select', 'markRead'),
    messages: meteredWrites(limits, messages, 'create', 'remove'),
    start() {
      reader.start()
      lists.start()
      people.start()
    },
    stop() {
      people.stop()
      lists.stop()
      reader.stop()
    },
  }
}
