import { afterAll, expect, test } from 'vitest'
import { createPerson, type Person, says } from '../harness/person.ts'
import { freshDatabase, spawnServer } from '../harness/server.ts'
import { chunks, done, finish, startScriptedUpstream, usage } from '../harness/upstream.ts'

const upstream = await startScriptedUpstream()
afterAll(() => upstream.close())

const document = `mutation ($input: CreateCompletionInput!) {
  createCompletion(input: $input) { ... on CreateCompletionPayload { completion { status } } }
}`

interface Asked {
  createCompletion: { completion: { status: string } }
}

const ask = (person: Person, messages: object[]) => person.request<Asked>(document, { input: { messages } })

/** Each resolves shortly before the database is told, with what resolves when it is stored. */
const works: Record<string, (person: Person) => Promise<{ stored: Promise<Asked> }>> = {
  async 'a question of 2,048 messages'(person) {
    return { stored: ask(person, Array(2_048).fill(says('What digs?'))) }
  },
  async 'an answer of 8 MB'(person) {
    let say = () => {}
    const said = new Promise<void>((resolve) => {
      say = resolve
    })
    const texts = Array(120).fill('A mole digs its tunnel. '.repeat(2_730))
    upstream.reply(...chunks(...texts), () => say(), finish('stop'), usage(9, 2_000_000), done())
    const stored = ask(person, [says('Tell me all.')])
    await said
    return { stored }
  },
}

/** Asks `/livez` over and over until the work is done, and tells its longest silence, and how long it was asked. */
async function silenceDuring(url: string, work: Promise<unknown>) {
  let isDone = false
  const working = work.finally(() => {
    isDone = true
  })
  const beganMs = performance.now()
  let longestMs = 0
  while (!isDone) {
    const askedMs = performance.now()
    await (await fetch(`${url}/livez`)).arrayBuffer()
    longestMs = Math.max(longestMs, performance.now() - askedMs)
  }
  await working
  return { longestMs, tookMs: performance.now() - beganMs }
}

test.each(Object.entries(works))('while the embedded database stores %s, others are answered', async (_, begin) => {
  const { url } = await spawnServer({ OPENAI_BASE_URL: upstream.baseUrl, ...(await freshDatabase()) })
  const alice = createPerson(url, 'alice')
  await ask(alice, [says('What digs?')])
  const { stored } = await begin(alice)
  const { longestMs, tookMs } = await silenceDuring(url, stored)
  expect((await stored).createCompletion.completion.status).toBe('COMPLETED')
  // A server that waits for its database itself is silent for most of that time.
  expect(longestMs).toBeLessThan(tookMs / 2)
})
