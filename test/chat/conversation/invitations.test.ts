import { request as sendRequest } from 'node:http'
import { text } from 'node:stream/consumers'
import { beforeEach, describe, expect, test } from 'vitest'
import { subscribe } from '../../harness/client.ts'
import { acceptInvitation, createInvitation } from '../../harness/participant-documents.ts'
import { createPerson, type Person, rolesIn, threadOf } from '../../harness/person.ts'
import { startServer } from '../../harness/server.ts'

// Behind a name of its own, as a proxy gives it.
const { url } = await startServer({ AUTH_DEV: 'allow' })

let alice = somebody('alice')
let bob = somebody('bob')
let thread = ''
beforeEach(async () => {
  alice = somebody('alice')
  bob = somebody('bob')
  thread = (await alice.converse({ title: 'Ours' })).id
})

function somebody(name: string): Person {
  return createPerson(url, `${name}-${crypto.randomUUID().slice(0, 8)}`)
}

async function roles() {
  return (await rolesIn(thread, alice)).map((role) => role.replace(/-\w{8}/, ''))
}

/** The answer to the token, to the byte. */
async function bytesFor(token: string, name: string) {
  const headers = { 'content-type': 'application/json', authorization: `Dev ${name}` }
  const body = JSON.stringify({ query: acceptInvitation, variables: { token } })
  const response = await fetch(`${url}/graphql`, { method: 'POST', headers, body })
  return `${response.status} ${await response.text()}`
}

const dayMs = 24 * 60 * 60_000

describe('an invitation', () => {
  test('lets people in who had nothing to do with the conversation, where the inviter stands', async () => {
    const { createdMessage: first } = await alice.write(thread, 'First')
    await alice.write(thread, 'Second')
    await alice.write(thread, 'Another second', { parentId: first.id })
    const { token } = await alice.invite(thread, 'EDITOR')
    expect((await bob.accept(token)).conversation).toMatchObject({ id: thread, title: 'Ours', viewerRole: 'EDITOR' })
    expect(await threadOf(bob, thread)).toEqual(['First', 'Another second'])
    const { token: another } = await alice.invite(thread, 'VIEWER')
    expect((await somebody('cleo').accept(another)).conversation.viewerRole).toBe('VIEWER')
    expect(await roles()).toEqual(['alice OWNER', 'bob EDITOR', 'cleo VIEWER'])
  })

  test('has a token that cannot be guessed, and lasts for seven days unless it says otherwise', async () => {
    const { token, expiresAt } = await alice.invite(thread, 'EDITOR')
    expect(token).toMatch(/^[\w-]{43}$/)
    expect((await alice.invite(thread, 'EDITOR')).token).not.toBe(token)
    expect(Math.abs(Date.parse(expiresAt) - Date.now() - 7 * dayMs)).toBeLessThan(60_000)
    const later = new Date(Date.now() + 300 * dayMs).toISOString()
    expect((await alice.invite(thread, 'EDITOR', { expiresAt: later })).expiresAt).toBe(later)
  })

  test('takes one use of each person who comes, and none of whoever is there', async () => {
    const { token } = await alice.invite(thread, 'EDITOR', { maxUses: 2 })
    for (const person of [alice, bob, bob, somebody('cleo'), bob]) {
      expect((await person.accept(token)).conversation.id).toBe(thread)
    }
    expect(await roles()).toEqual(['alice OWNER', 'bob EDITOR', 'cleo EDITOR'])
    expect(await somebody('dora').accept.refuse(token)).toMatchObject({ __typename: 'NotFound' })
  })

  test('changes the role of nobody who takes part', async () => {
    const { token } = await alice.invite(thread, 'EDITOR')
    await alice.accept(token)
    await bob.accept(token)
    await alice.setRole(thread, await bob.id(), 'VIEWER')
    await bob.accept(token)
    expect(await roles()).toEqual(['alice OWNER', 'bob VIEWER'])
  })

  test('lets in exactly as many as it says, of a hundred who come at once', async () => {
    const { token } = await alice.invite(thread, 'VIEWER', { maxUses: 5 })
    const guests = Array.from({ length: 100 }, () => somebody('guest'))
    await Promise.all(guests.map((guest) => guest.id()))
    const outcomes = await Promise.allSettled(guests.map((guest) => guest.accept(token)))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(5)
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(String(outcome.reason)).toMatch('NotFound')
    }
    expect(await roles()).toHaveLength(6)
  })

  test('counts one person once, however often they accept at the same moment', async () => {
    const { token } = await alice.invite(thread, 'VIEWER', { maxUses: 2 })
    await bob.id()
    await Promise.all(Array.from({ length: 10 }, () => bob.accept(token)))
    await somebody('cleo').accept(token)
    expect(await roles()).toEqual(['alice OWNER', 'bob VIEWER', 'cleo VIEWER'])
  })

  test('and addParticipant at the same moment let a person in once', async () => {
    const bobId = await bob.id()
    for (let round = 0; round < 10; round++) {
      const { token } = await alice.invite(thread, 'EDITOR')
      await Promise.all([bob.accept(token), alice.add(thread, bobId, 'EDITOR')])
      expect(await roles()).toEqual(['alice OWNER', 'bob EDITOR'])
      await alice.expel(thread, bobId)
    }
  })
})

describe('an invitation that lets nobody in any more', () => {
  test('answers to all with the same bytes: unknown, expired, used up, of who is no OWNER, after a removal', async () => {
    const full = await alice.invite(thread, 'EDITOR', { maxUses: 1 })
    await somebody('cleo').accept(full.token)
    const soon = new Date(Date.now() + 3_000).toISOString()
    const expiring = await alice.invite(thread, 'EDITOR', { expiresAt: soon })
    await expect
      .poll(() =>
        somebody('early')
          .accept.refuse(expiring.token)
          .catch(() => null),
      )
      .not.toBeNull()
    await alice.add(thread, await bob.id(), 'OWNER')
    const bobs = await bob.invite(thread, 'EDITOR')
    await alice.setRole(thread, await bob.id(), 'EDITOR')
    const mine = await alice.invite(thread, 'EDITOR')
    const dora = createPerson(url, 'dora')
    await dora.accept(mine.token)
    await alice.expel(thread, await dora.id())

    const unknown = await bytesFor('A'.repeat(43), 'zoe')
    expect(unknown).toMatch(/^200 .*NotFound/)
    for (const token of ['', 'nonsense', '\0', 'x'.repeat(10_000), mine.token.slice(1), `${mine.token} `]) {
      expect(await bytesFor(token, 'zoe')).toBe(unknown)
    }
    for (const { token } of [full, expiring, bobs]) expect(await bytesFor(token, 'zoe')).toBe(unknown)
    expect(await bytesFor(mine.token, 'dora')).toBe(unknown)
    expect((await roles()).filter((role) => /^(zoe|dora)/.test(role))).toEqual([])
  })

  test('is one from before, for who was removed; a new one lets them in, as the old ones do for who left', async () => {
    const bobId = await bob.id()
    const before = await alice.invite(thread, 'EDITOR')
    const unused = await alice.invite(thread, 'VIEWER')
    await bob.accept(before.token)
    await bob.expel(thread, bobId)
    await bob.accept(before.token)
    await alice.expel(thread, bobId)
    for (const { token } of [before, unused]) {
      expect(await bob.accept.refuse(token)).toMatchObject({ __typename: 'NotFound' })
    }
    // Nor after they were let in again and left by themselves.
    await alice.add(thread, bobId, 'VIEWER')
    await bob.expel(thread, bobId)
    expect(await bob.accept.refuse(before.token)).toMatchObject({ __typename: 'NotFound' })
    await bob.accept((await alice.invite(thread, 'VIEWER')).token)
    expect(await roles()).toEqual(['alice OWNER', 'bob VIEWER'])
  })

  test('goes with its conversation', async () => {
    const { token } = await alice.invite(thread, 'EDITOR')
    await bob.accept(token)
    await alice.remove(thread)
    for (const person of [bob, somebody('cleo')]) {
      expect(await person.accept.refuse(token)).toMatchObject({ __typename: 'NotFound' })
    }
  })
})

describe('to invite', () => {
  test('takes an OWNER', async () => {
    await bob.accept((await alice.invite(thread, 'EDITOR')).token)
    for (const role of ['EDITOR', 'OWNER']) {
      expect(await bob.invite.refuse(thread, role)).toMatchObject({ __typename: 'Forbidden' })
    }
  })

  test.each([
    ['a new OWNER', { role: 'OWNER' }, 'input.role'],
    ['nobody', { maxUses: 0 }, 'input.maxUses'],
    ['fewer than nobody', { maxUses: -1 }, 'input.maxUses'],
    ['until now', { expiresAt: new Date().toISOString() }, 'input.expiresAt'],
    ['until long ago', { expiresAt: '0001-01-01T00:00:00Z' }, 'input.expiresAt'],
    ['almost for ever', { expiresAt: '9999-12-31T00:00:00Z' }, 'input.expiresAt'],
  ])('%s is refused', async (_, input, path) => {
    expect(await alice.invite.refuse(thread, 'EDITOR', input)).toMatchObject({ __typename: 'InvalidInput', path })
  })

  test('gives an address of the page, on the server as it was asked', async () => {
    const { token, url: address } = await alice.invite(thread, 'EDITOR')
    expect(address).toBe(`${url}/#/join/${token}`)
    const input = { conversationId: (await createPerson(url, 'eve').converse()).id, role: 'VIEWER' }
    const [overWebSocket] = await subscribe(url, createInvitation, { input }, { as: 'eve' }).rest()
    expect(overWebSocket).toMatchObject({ createInvitation: { url: expect.stringMatching(`^${url}/#/join/`) } })
    expect(await addressFor({ host: 'chat.example.com', 'x-forwarded-proto': 'https' })).toMatch(
      /^https:\/\/chat\.example\.com\/#\/join\/[\w-]{43}$/,
    )
    expect(await addressFor({ host: 'chat.example.com', 'x-forwarded-proto': 'https,http' })).toMatch(/^https:/)
    expect(await addressFor({ host: 'chat.example.com', 'x-forwarded-proto': 'http, https' })).toMatch(/^http:/)
    expect(await addressFor({ host: 'chat.example.com/other?' })).toMatch(/^http:\/\/chat\.example\.com\/#\/join\//)
    expect(await addressFor({ host: 'no host at all' })).toMatch(/^\/#\/join\//)
  })

  // Not by fetch, which sets the host by itself.
  async function addressFor(headers: Record<string, string>) {
    const asker = somebody('dan')
    const { id } = await asker.converse()
    const body = { query: createInvitation, variables: { input: { conversationId: id, role: 'EDITOR' } } }
    const authorization = `Dev ${(await nameOf(asker)).name}`
    const answer = await new Promise<string>((resolve, reject) => {
      const outgoing = { method: 'POST', headers: { ...headers, authorization, 'content-type': 'application/json' } }
      const sent = sendRequest(`${url}/graphql`, outgoing, (response) => resolve(text(response)))
      sent.on('error', reject)
      sent.end(JSON.stringify(body))
    })
    return JSON.parse(answer).data.createInvitation.url as string
  }

  async function nameOf(person: Person) {
    return (await person.request<{ viewer: { name: string } }>('{ viewer { name } }')).viewer
  }
})
