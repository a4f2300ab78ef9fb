import { beforeAll, describe, expect, test } from 'vitest'
import { createPerson, says } from '../../harness/person.ts'
import { startServer } from '../../harness/server.ts'

const most = 200

const { url } = await startServer()
const alice = createPerson(url, 'alice')
const siblingsOf = 'query ($id: ID!) { node(id: $id) { ... on Message { siblingsCount siblings { id } } } }'

interface Siblings {
  node: { siblingsCount: number; siblings: { id: string }[] } | null
}

/** The answers to one question that was asked twice, in their order. */
async function askTwice() {
  const question = { model: 'demo-fast', n: 128, maxTokens: 1 }
  const first = await alice.ask({ ...question, messages: [says('What digs?')] })
  const conversationId = first.conversation?.id ?? ''
  const [questionId = ''] = (await alice.messages(conversationId)).edges.map(({ node }) => node.id)
  const second = await alice.ask({ ...question, conversationId, parentId: questionId, messages: [] })
  const answers = [first, second].flatMap(({ completion }) => completion.choices.map(({ message }) => message.id))
  return { questionId, answers }
}

describe('of a message with more siblings than are listed', () => {
  let asked: Awaited<ReturnType<typeof askTwice>>
  beforeAll(async () => {
    asked = await askTwice()
  }, 60_000)

  test('the newest 200 are told, oldest first, and how many there are, without those that are deleted', async () => {
    const [first = ''] = asked.answers
    const { node: before } = await alice.request<Siblings>(siblingsOf, { id: first })
    expect(before?.siblings.map(({ id }) => id)).toEqual(asked.answers.slice(-most))
    expect(before?.siblingsCount).toBe(256)

    await alice.erase(asked.answers.at(-1) ?? '')
    const { node: after } = await alice.request<Siblings>(siblingsOf, { id: first })
    expect(after?.siblings.map(({ id }) => id)).toEqual(asked.answers.slice(-most - 1, -1))
    expect(after?.siblingsCount).toBe(255)
  })

  test('a first message has none but itself, and a stranger is told nothing', async () => {
    const { node } = await alice.request<Siblings>(siblingsOf, { id: asked.questionId })
    expect(node).toEqual({ siblingsCount: 1, siblings: [{ id: asked.questionId }] })
    const stranger = await createPerson(url, 'bob').request<Siblings>(siblingsOf, { id: asked.questionId })
    expect(stranger.node).toBeNull()
  })
})
