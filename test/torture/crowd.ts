import { createPerson, type Person, says } from '../harness/person.ts'

/** For a server that is to have a crowd. */
export const crowdSettings = { OPENAI_BASE_URL: '', DEFAULT_MODEL: 'demo-fast' }

/** One person, and a long conversation that ends in many answers to the same question. */
export interface Crowd {
  alice: Person
  conversationId: string
  messageIds: string[]
  answerIds: string[]
  completionIds: string[]
}

const pathLength = 300
const answers = { n: 128, maxTokens: 1 }

export async function growCrowd(url: string): Promise<Crowd> {
  const alice = createPerson(url, 'alice')
  const messages = Array.from({ length: pathLength }, (_, index) => says(`What digs? No. ${index}`))
  const first = await alice.ask({ ...answers, messages })
  const conversationId = first.conversation?.id ?? ''
  const { edges } = await alice.messages(conversationId, { last: 50 })
  const messageIds = edges.map(({ node }) => node.id)
  const parentId = messageIds.at(-2)
  const second = await alice.ask({ ...answers, conversationId, parentId, messages: [] })
  const completions = [first.completion, second.completion]
  const answerIds = completions.flatMap(({ choices }) => choices.map(({ message }) => message.id))
  return { alice, conversationId, messageIds, answerIds, completionIds: completions.map(({ id }) => id) }
}
