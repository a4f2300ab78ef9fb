import { query, type Sender, type Subscription, subscribe } from './client.ts'
import {
  type Completion,
  type CompletionEvent,
  type ContextReport,
  cancelCompletion,
  completionNode,
  completionStream,
  contextPreview,
  createCompletion,
  type Failure,
} from './completion-documents.ts'
import {
  type Conversation,
  type ConversationEvent,
  conversationEvents,
  conversationNode,
  conversations,
  createConversation,
  deleteConversation,
  updateConversation,
} from './conversation-documents.ts'
import {
  createMessage,
  deleteMessage,
  type FoundMessages,
  type Message,
  markRead,
  messageNode,
  messages,
  type PathMessage,
  searchMessages,
  selectBranch,
  type WrittenMessage,
} from './message-documents.ts'
import type { Connection } from './pages.ts'
import {
  acceptInvitation,
  addParticipant,
  createInvitation,
  type Invitation,
  type Participant,
  participants,
  removeParticipant,
  updateParticipant,
} from './participant-documents.ts'

interface Shape {
  over?: 'websocket' | 'sse'
  mode?: 'DELTA' | 'SNAPSHOT'
  flushMs?: number
}

/** Resolves with the payload of a mutation. `refuse` is the same operation for a test that expects one of the errors. */
export interface Operation<Arguments extends unknown[], Payload> {
  (...given: Arguments): Promise<Payload>
  refuse(...given: Arguments): Promise<Failure>
}

interface Changed {
  conversation: Conversation
}

export interface Asked {
  completion: Completion
  conversation: { id: string } | null
  replayed: boolean
}

/** A user who is signed in at a server, with the user's operations. */
export type Person = ReturnType<typeof createPerson>

type Request = <Data>(document: string, variables?: object) => Promise<Data>

export function operationsBy(request: Request) {
  return function operation<Arguments extends unknown[], Payload>(
    document: string,
    variables: (...given: Arguments) => object,
  ): Operation<Arguments, Payload> {
    async function result(...given: Arguments) {
      const data = await request<Record<string, Payload | Failure>>(document, variables(...given))
      return Object.values(data)[0] as Payload | Failure
    }
    const perform = async (...given: Arguments) => {
      const payload = await result(...given)
      if (isFailure(payload)) throw new Error(`${payload.__typename}: ${payload.message}`)
      return payload
    }
    const refuse = async (...given: Arguments) => {
      const failure = await result(...given)
      if (!isFailure(failure)) throw new Error(`It was not refused: ${JSON.stringify(failure)}`)
      return failure
    }
    return Object.assign(perform, { refuse })
  }
}

/** Returns the operation with one field of its payload as the result. */
export function fieldOf<Arguments extends unknown[], Payload, Field extends keyof Payload>(
  operation: Operation<Arguments, Payload>,
  field: Field,
): Operation<Arguments, Payload[Field]> {
  const perform = async (...given: Arguments) => (await operation(...given))[field]
  return Object.assign(perform, { refuse: operation.refuse })
}

export function createPerson(url: string, who: string | Sender) {
  const sender = typeof who === 'string' ? { as: who } : who
  const request: Request = (document, variables = {}) => query(url, document, { ...variables }, sender)
  const operation = operationsBy(request)

  async function find<Node>(document: string, id: string) {
    return (await request<{ node: Node | null }>(document, { id })).node
  }

  const stream = (input: object, over: Shape['over'] = 'websocket') =>
    eventsOf(subscribe<Record<string, CompletionEvent>>(url, completionStream, { input }, { over, ...sender }))

  return {
    request,
    ...managing(request),
    ...choosing(request),
    ask: operation<[question: string | object], Asked>(createCompletion, (asked) => ({ input: inputOf(asked) })),
    cancel: operation<[id: string], { completion: Completion }>(cancelCompletion, (id) => ({ id })),
    update: operation<[id: string, input: object], Changed>(updateConversation, (id, input) => ({
      id,
      input,
    })),
    remove: operation<[id: string], { deletedId: string }>(deleteConversation, (id) => ({ id })),
    write: operation<
      [conversationId: string, message: string | object, more?: object],
      { createdMessage: WrittenMessage }
    >(createMessage, (conversationId, message, more) => ({
      input: { conversationId, message: typeof message === 'string' ? says(message) : message, ...more },
    })),
    start(idempotencyKey: string, asked: string | object, { over, ...shape }: Shape = {}) {
      return stream({ start: { idempotencyKey, completion: inputOf(asked), ...shape } }, over)
    },
    watch(completionId: string, { over, ...place }: Shape & { after?: string } = {}) {
      return stream({ watch: { completionId, ...place } }, over)
    },
    preview: fieldOf(
      operation<[input: object], { report: ContextReport }>(contextPreview, (input) => ({ input })),
      'report',
    ),
    converse: fieldOf(
      operation<[input?: object], Changed>(createConversation, (input = {}) => ({ input })),
      'conversation',
    ),
    async id(): Promise<string> {
      return (await request<{ viewer: { id: string } }>('{ viewer { id } }')).viewer.id
    },
    /** Subscribes to the events of a conversation after a cursor. */
    follow(id: string, { over = 'websocket', ...place }: { over?: Shape['over']; after: string }) {
      const variables = { id, ...place }
      const document = conversationEvents
      return eventsOf(subscribe<Record<string, ConversationEvent>>(url, document, variables, { over, ...sender }))
    },
    async eventCursor(id: string): Promise<string> {
      const document = 'query ($id: ID!) { conversation(id: $id) { eventCursor } }'
      type Data = { conversation: { eventCursor: string } | null }
      return (await request<Data>(document, { id })).conversation?.eventCursor ?? ''
    },
    completion: (id: string) => find<Completion>(completionNode, id),
    message: (id: string) => find<Message>(messageNode, id),
    conversation: (id: string) => find<Conversation>(conversationNode, id),
    async messages(id: string, page: object = {}): Promise<Connection<PathMessage>> {
      type Data = { conversation: { messages: Connection<PathMessage> } | null }
      const { conversation } = await request<Data>(messages, { id, ...page })
      if (conversation === null) throw new Error('There is no such conversation')
      return conversation.messages
    },
    async conversations(page: object = {}): Promise<Connection<Conversation>> {
      return (await request<{ conversations: Connection<Conversation> }>(conversations, page)).conversations
    },
    async search(words: string, more: object = {}): Promise<FoundMessages> {
      const variables = { query: words, ...more }
      return (await request<{ searchMessages: FoundMessages }>(searchMessages, variables)).searchMessages
    },
  }
}

/** The operations on participants and invitations. */
function managing(request: Request) {
  const operation = operationsBy(request)
  return {
    add: operation<[conversationId: string, userId: string, role: string], Changed>(
      addParticipant,
      (conversationId, userId, role) => ({ conversationId, userId, role }),
    ),
    setRole: operation<[conversationId: string, userId: string, role: string], Changed>(
      updateParticipant,
      (conversationId, userId, role) => ({ conversationId, userId, role }),
    ),
    expel: operation<[conversationId: string, userId: string], Changed>(
      removeParticipant,
      (conversationId, userId) => ({ conversationId, userId }),
    ),
    invite: operation<[conversationId: string, role: string, more?: object], Invitation>(
      createInvitation,
      (conversationId, role, more) => ({ input: { conversationId, role, ...more } }),
    ),
    accept: operation<[token: string], Changed>(acceptInvitation, (token) => ({ token })),
    async people(id: string, page: object = {}): Promise<Connection<Participant>> {
      type Data = { conversation: { participants: Connection<Participant> } | null }
      const { conversation } = await request<Data>(participants, { id, ...page })
      if (conversation === null) throw new Error('There is no such conversation')
      return conversation.participants
    },
  }
}

/** The operations on existing messages. */
function choosing(request: Request) {
  const operation = operationsBy(request)
  return {
    select: operation<[messageId: string], Changed>(selectBranch, (messageId) => ({ messageId })),
    markRead: operation<[messageId: string], Changed>(markRead, (messageId) => ({ messageId })),
    erase: operation<[messageId: string], { deletedId: string }>(deleteMessage, (id) => ({ id })),
  }
}

export function says(content: string, role = 'USER') {
  return { role, content }
}

/** Returns the contents of the messages on the path to the current leaf or, if given, to another leaf. */
export async function threadOf(person: Person, conversationId: string, leafId?: string) {
  const { edges } = await person.messages(conversationId, leafId === undefined ? {} : { leafId })
  return edges.map((edge) => edge.node.content)
}

/** Returns the participants, in a form such as `alice OWNER`, in the order in which they joined. */
export async function rolesIn(conversationId: string, person: Person) {
  const { edges } = await person.people(conversationId)
  return edges.map(({ node }) => `${node.user.name} ${node.role}`)
}

/** Returns the contents that a viewer of these events sees, by the index of the choice. */
export function contentsIn(events: readonly CompletionEvent[]): string[] {
  let contents: string[] = []
  for (const event of events) {
    if (event.__typename === 'CompletionSnapshot') contents = []
    if (!('choices' in event)) continue
    for (const { index, content, contentOffset } of event.choices) {
      contents[index] = (contents[index] ?? '').slice(0, contentOffset) + content
    }
  }
  return contents
}

export function endOf(events: readonly CompletionEvent[]): Completion {
  const last = events.at(-1)
  if (last?.__typename !== 'CompletionEnded') throw new Error(`The last event is no end: ${JSON.stringify(last)}`)
  return last.completion
}

/** Reads on until the first choice has exactly this text. `seen` contains the events from before and those that are read. */
export async function readTo(text: string, viewer: Subscription<CompletionEvent>, seen: CompletionEvent[] = []) {
  await viewer.until((event) => seen.push(event) > 0 && contentsIn(seen)[0] === text)
  return seen
}

function inputOf(asked: string | object): object {
  return typeof asked === 'string' ? { messages: [says(asked)] } : asked
}

function isFailure(result: unknown): result is Failure {
  // The documents request the name of the type only for errors.
  return typeof result === 'object' && result !== null && '__typename' in result
}

/** Takes the only field of each result. */
function eventsOf<Event>(subscription: Subscription<Record<string, Event>>): Subscription<Event> {
  const eventIn = (data: Record<string, Event>) => Object.values(data)[0] as Event
  async function next(): Promise<IteratorResult<Event, undefined>> {
    const result = await subscription.next()
    return result.done ? result : { done: false, value: eventIn(result.value) }
  }
  return {
    ...subscription,
    [Symbol.asyncIterator]: () => ({ next }),
    next,
    until: async (fits) => (await subscription.until((data) => fits(eventIn(data)))).map(eventIn),
    rest: async () => (await subscription.rest()).map(eventIn),
  }
}
