import { subscribe } from './client.ts'
import type { Person } from './person.ts'

const document = `subscription ($id: ID!) {
  conversationPresence(conversationId: $id) { user { name } isTyping since }
}`

export interface Present {
  user: { name: string }
  isTyping: boolean
  since: string
}

/** Opens a conversation as a user, who is then present. */
export function openConversation(url: string, as: string, id: string, over: 'websocket' | 'sse' = 'websocket') {
  type Data = { conversationPresence: Present[] }
  const subscription = subscribe<Data>(url, document, { id }, { as, over })
  return {
    async next(): Promise<Present[] | null> {
      const { done, value } = await subscription.next()
      return done ? null : value.conversationPresence
    },
    /** Reads on until exactly these people are present. The names of those who are typing end with a star. */
    async until(...names: string[]): Promise<Present[]> {
      const isIt = ({ conversationPresence: people }: Data) =>
        namesOf(people).sort().join() === [...names].sort().join()
      return (await subscription.until(isIt)).at(-1)?.conversationPresence ?? []
    },
    rest: subscription.rest,
    close: subscription.close,
    drop: subscription.drop,
  }
}

export function namesOf(people: readonly Present[]): string[] {
  return people.map(({ user, isTyping }) => `${user.name}${isTyping ? '*' : ''}`)
}

export function announceTyping(person: Person, id: string) {
  const document = `mutation ($id: ID!) {
    announceTyping(conversationId: $id) { __typename ... on ConversationPayload { conversation { id } } ... on Error { message } }
  }`
  return person.request<{ announceTyping: { __typename: string } }>(document, { id })
}
