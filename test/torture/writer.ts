import { setTimeout as delay } from 'node:timers/promises'
import { createPerson, type Person } from '../harness/person.ts'
import { isLoss } from './loss.ts'

export interface Writer {
  /** Ends the writing, and finds out what is there of it; how many messages were acknowledged. */
  check(): Promise<number>
}

/** Writes one message after the other, each with a key, and again until it is acknowledged. */
export function createWriter(name: string, route: () => string, faults: string[]): Writer {
  const acknowledged: string[] = []
  let conversationId = ''
  let isOver = false

  async function insist<Result>(work: () => Promise<Result>): Promise<Result> {
    for (;;) {
      try {
        return await work()
      } catch (error) {
        if (!isLoss(error)) throw error
        await delay(50)
      }
    }
  }

  async function write() {
    conversationId = (await insist(() => createPerson(route(), name).converse())).id
    while (!isOver) {
      const text = `message ${acknowledged.length}`
      await insist(() => createPerson(route(), name).write(conversationId, text, { idempotencyKey: `${name} ${text}` }))
      acknowledged.push(text)
    }
  }

  const writing = write().catch((error: unknown) => faults.push(`${name}: ${error}`))
  return {
    async check() {
      isOver = true
      await writing
      const thread = await insist(() => threadOf(createPerson(route(), name), conversationId))
      for (const [index, text] of acknowledged.entries()) {
        if (thread[index] !== text) faults.push(`${name}: ${text} was acknowledged, there is ${thread[index]}`)
      }
      if (thread.length !== acknowledged.length) {
        faults.push(`${name}: ${acknowledged.length} messages were written, there are ${thread.length}`)
      }
      return acknowledged.length
    },
  }
}

/** The contents of all messages, page by page. */
async function threadOf(person: Person, conversationId: string): Promise<(string | null)[]> {
  const contents: (string | null)[] = []
  let after: string | null = null
  do {
    const { edges, pageInfo }: Page = await person.messages(conversationId, { first: 50, after })
    contents.push(...edges.map(({ node }) => node.content))
    after = pageInfo.hasNextPage ? pageInfo.endCursor : null
  } while (after !== null)
  return contents
}

type Page = Awaited<ReturnType<Person['messages']>>
