import DataLoader from 'dataloader'
import type { ApiKey, SigningKey } from '../chat/access/api-key.ts'
import type { User } from '../chat/access/viewer.ts'
import type { Chat } from '../chat/chat.ts'
import type { Completion, CompletionRequest, Usage } from '../chat/completion/completion.ts'
import type { Conversation, Participant } from '../chat/conversation/conversation.ts'
import type { Invitation } from '../chat/conversation/invitation.ts'
import type { Message, PathRequest } from '../chat/conversation/message.ts'
import type { Page } from '../chat/conversation/page.ts'
import type { PresentPerson } from '../chat/conversation/presence.ts'
import { clientError } from './client-error.ts'
import { participantKey, readParticipantKey } from './global-id.ts'

/** The maximum number of active completions that are listed for one conversation. */
export const maxActive = 100

type Loader<Key, Value> = Pick<DataLoader<Key, Value>, 'load'>

/** The context of one operation. */
export interface Context {
  chat: Chat
  viewer: User
  /** null if the viewer is not signed in with an API key. */
  signingKey: SigningKey | null
  /** Aborts when the client has left. */
  signal: AbortSignal
  /** The server's origin as the client sees it; empty if the request does not tell it. */
  origin: string
  users: Loader<string, User | null>
  apiKeys: Loader<string, ApiKey | null>
  apiKeysOfUser: Loader<string, ApiKey[]>
  invitations: Loader<string, Invitation | null>
  invitationsOfConversation: Loader<string, Invitation[] | null>
  conversations: Loader<string, Conversation | null>
  messages: Loader<string, Message | null>
  completions: Loader<string, Completion | null>
  paths: Loader<PathRequest, Page<Message>>
  /** Whether the message is on the viewer's path. */
  onPath: Loader<string, boolean>
  siblings: Loader<string, Message[]>
  siblingsCount: Loader<string, number>
  requests: Loader<string, CompletionRequest | null>
  choices: Loader<Completion, Message[]>
  /** The messages that the completions added to the viewer's path. */
  addedMessages: Loader<Completion, Message[]>
  unreadCounts: Loader<string, number>
  presence: Loader<string, PresentPerson[]>
  participants: Loader<string, Participant[]>
  /** The keys are made by `participantKey`. */
  participantNodes: Loader<string, Participant | null>
  activeCompletions: Loader<string, Completion[]>
  conversationUsage: Loader<string, Usage>
}

// The loaders batch the keys of one tick and cache nothing: an operation may be a subscription or have several mutations, and
// must not see an earlier state.
function loader<Key, Value>(load: (keys: readonly Key[]) => Promise<readonly (Value | Error)[]>): Loader<Key, Value> {
  return new DataLoader(load, { cache: false })
}

function byId<Value extends { id: string }>(find: (ids: readonly string[]) => Promise<Value[]>) {
  return loader(async (ids: readonly string[]): Promise<(Value | null)[]> => {
    const found = new Map((await find(distinct(ids))).map((value) => [value.id, value]))
    return ids.map((id) => found.get(id) ?? null)
  })
}

function byConversation<Value extends { conversationId: string | null }>(
  find: (conversationIds: readonly string[]) => Promise<Value[]>,
  most = Number.POSITIVE_INFINITY,
) {
  return loader(async (ids: readonly string[]) => {
    const found = new Map<string | null, Value[]>(ids.map((id) => [id, []]))
    for (const value of await find(distinct(ids))) found.get(value.conversationId)?.push(value)
    return ids.map((id) => (found.get(id) ?? []).slice(0, most))
  })
}

function fromMap<Value, None>(find: (ids: readonly string[]) => Promise<ReadonlyMap<string, Value>>, none: None) {
  return loader(async (ids: readonly string[]): Promise<(Value | None)[]> => {
    const found = await find(distinct(ids))
    return ids.map((id) => found.get(id) ?? none)
  })
}

/** Several messages may request the same page of their conversation, which is then read only once. */
async function distinctPaths(
  asked: readonly PathRequest[],
  find: (asks: readonly PathRequest[]) => Promise<(Page<Message> | Error)[]>,
) {
  const keys = asked.map((request) => JSON.stringify(request))
  const requests = new Map(asked.map((request, index) => [keys[index], request]))
  const pages = await find([...requests.values()])
  const byKey = new Map([...requests.keys()].map((key, index) => [key, pages[index]]))
  return keys.map((key) => byKey.get(key) ?? new Error('A page is missing'))
}

async function participantsByKey({ participants }: Chat, viewer: User, ids: readonly string[]) {
  const found = await participants.find(viewer, ids.map(readParticipantKey))
  return new Map(found.map((participant) => [participantKey(participant), participant]))
}

const distinct = (ids: readonly string[]) => [...new Set(ids)]

export function loadOptional<Value>(values: Loader<string, Value | null>, id: string | null) {
  return id === null ? null : values.load(id)
}

/**
 * For a non-null field. Throws if the object that it refers to was deleted, or access to it was lost, while the operation ran.
 */
export async function loadExisting<Value>(values: Loader<string, Value | null>, id: string): Promise<Value> {
  const value = await values.load(id)
  if (value !== null) return value
  throw clientError('NOT_FOUND', 'This is gone, or no longer shared.')
}

/** What is known about the client of an operation. */
export type ContextRequest = Pick<Context, 'viewer' | 'signingKey' | 'signal' | 'origin'>

/** Makes a new context for each operation. */
export function createContext(chat: Chat, request: ContextRequest): Context {
  const { viewers, apiKeys, invitations, conversations, messages, completions } = chat
  const { viewer } = request
  return {
    chat,
    ...request,
    users: byId((ids) => viewers.find(viewer, ids)),
    apiKeys: byId((ids) => apiKeys.find(viewer, ids)),
    apiKeysOfUser: fromMap((ids) => apiKeys.ofUsers(viewer, ids), []),
    invitations: byId((ids) => invitations.find(viewer, ids)),
    invitationsOfConversation: fromMap((ids) => invitations.ofConversations(viewer, ids), null),
    conversations: byId((ids) => conversations.find(viewer, ids)),
    messages: byId((ids) => messages.find(viewer, ids)),
    completions: byId((ids) => completions.find(viewer, ids)),
    paths: loader<PathRequest, Page<Message>>((asked) => distinctPaths(asked, (asks) => messages.path(viewer, asks))),
    onPath: fromMap(async (ids) => new Map((await messages.onPath(viewer, ids)).map((id) => [id, true])), false),
    siblings: fromMap((ids) => messages.siblings(viewer, ids), []),
    siblingsCount: fromMap((ids) => messages.siblingsCount(viewer, ids), 0),
    requests: fromMap((ids) => completions.requests(ids), null),
    choices: loader((asked) => completions.choices(asked)),
    addedMessages: loader((asked) => completions.added(viewer, asked)),
    unreadCounts: fromMap((ids) => conversations.unreadCounts(viewer, ids), 0),
    presence: fromMap((ids) => chat.presence.find(viewer, ids), []),
    participantNodes: fromMap((ids) => participantsByKey(chat, viewer, ids), null),
    participants: byConversation((ids) => conversations.participants(viewer, ids)),
    activeCompletions: byConversation((ids) => completions.active(viewer, ids), maxActive),
    conversationUsage: loader((ids) => conversations.usage(viewer, ids)),
  }
}
