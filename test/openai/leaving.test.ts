import { describe, expect, test } from 'vitest'
import { eventsIn, question, startOpenai } from '../harness/openai.ts'
import { threadOf } from '../harness/person.ts'
import { chunks, delta, done, finish, gate, silence, usage } from '../harness/upstream.ts'

describe('who leaves', () => {
  test.each([true, false])('cancels an answer that is not stored at once; streamed: %j', async (stream) => {
    const { ask, alice, upstream } = await startOpenai()
    const held = gate()
    upstream.reply(...chunks('A mo'), held.wait, silence())
    const leaving = new AbortController()
    const asked = ask({ stream }, { 'idempotency-key': `left ${stream}` }, leaving.signal)
    await held.reached
    leaving.abort()
    await expect(asked).rejects.toThrow()
    const [call] = upstream.requests
    const leftAt = performance.now()
    await call?.closed
    expect(performance.now() - leftAt).toBeLessThan(2_000)
    expect((await alice.conversations()).edges).toEqual([])
  })

  test('stops nothing that is stored', async () => {
    const { ask, alice, upstream } = await startOpenai()
    const { id } = await alice.converse()
    const held = gate()
    upstream.reply(...chunks('A mo'), held.wait, delta({ content: 'le.' }), finish('stop'), done())
    const leaving = new AbortController()
    const asked = ask({ stream: true }, { 'x-conversation-id': id }, leaving.signal)
    await held.reached
    leaving.abort()
    await expect(asked).rejects.toThrow()
    await alice.conversation(id)
    held.open()
    await expect.poll(() => threadOf(alice, id)).toEqual(['Hello', 'A mole.'])
  })

  test('cancels what is stored where they said so, when they have not come back', { timeout: 60_000 }, async () => {
    const { ask, alice, upstream } = await startOpenai()
    const { id } = await alice.converse()
    upstream.reply(...chunks('A mo'), silence())
    const leaving = new AbortController()
    const headers = { 'x-conversation-id': id, 'x-when-unwatched': 'cancel' }
    const asked = ask({ stream: true }, headers, leaving.signal)
    await upstream.request(0)
    leaving.abort()
    await expect(asked).rejects.toThrow()
    await upstream.requests[0]?.closed
    await expect.poll(() => threadOf(alice, id)).toEqual(['Hello', 'A mo'])
  })

  test('takes nothing from others who follow the same answer by its key', async () => {
    const { ask, url, upstream } = await startOpenai()
    const held = gate()
    upstream.reply(...chunks('A mo'), held.wait, delta({ content: 'le.' }), finish('stop'), usage(1, 2), done())
    const headers = { 'idempotency-key': 'shared' }
    const leaving = new AbortController()
    const first = ask({}, headers, leaving.signal)
    await held.reached
    // It has its head when it follows the answer.
    const second = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json', authorization: 'Dev alice' },
      body: JSON.stringify(question({ stream: true })),
    })
    leaving.abort()
    await expect(first).rejects.toThrow()
    held.open()
    const choices = eventsIn(await second.text()).flatMap((event) => event.choices ?? [])
    expect(choices.map((choice) => choice.delta.content ?? '').join('')).toBe('A mole.')
    expect(upstream.requests.length).toBe(1)
  })
})

test('an Idempotency-Key asks the model once, and tells a repetition from another question', async () => {
  const { ask, upstream } = await startOpenai()
  const key = { 'idempotency-key': 'once' }
  const [one, other] = await Promise.all([ask({}, key), ask({}, key)])
  expect(other.body).toEqual(one.body)
  expect((await ask({}, key)).body).toEqual(one.body)
  expect(upstream.requests.length).toBe(1)
  const { status, headers, body } = await ask({ temperature: 1 }, key)
  expect([status, body.error.code, headers.get('x-should-retry')]).toEqual([409, 'idempotency_conflict', 'false'])
})
