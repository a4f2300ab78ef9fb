import { beforeEach, describe, expect, test } from 'vitest'
import { createPerson, type Person } from '../../harness/person.ts'
import { startServer } from '../../harness/server.ts'

const { url } = await startServer()

const revokeInvitation = `mutation ($id: ID!) {
  revokeInvitation(id: $id) { __typename ... on Error { message } ... on RevokeInvitationPayload { invitation { id revokedAt } } }
}`

const invitations = `query ($id: ID!) {
  conversation(id: $id) { invitations { id role createdAt expiresAt maxUses uses revokedAt inviter { id } } }
}`

const invitationNode = 'query ($id: ID!) { node(id: $id) { ... on Invitation { id revokedAt } } }'

interface Invitation {
  id: string
  role: string
  maxUses: number | null
  uses: number
  revokedAt: string | null
  inviter: { id: string }
}

function somebody(): Person {
  return createPerson(url, crypto.randomUUID())
}

let [alice, bob] = [somebody(), somebody()]
let thread = ''
beforeEach(async () => {
  ;[alice, bob] = [somebody(), somebody()]
  thread = (await alice.converse()).id
})

async function listOf(person: Person): Promise<Invitation[] | null> {
  type Data = { conversation: { invitations: Invitation[] | null } }
  return (await person.request<Data>(invitations, { id: thread })).conversation.invitations
}

async function revoke(person: Person, id: string) {
  type Data = { revokeInvitation: { __typename: string; invitation?: Invitation } }
  return (await person.request<Data>(revokeInvitation, { id })).revokeInvitation
}

async function nodeOf(person: Person, id: string) {
  return (await person.request<{ node: Invitation | null }>(invitationNode, { id })).node
}

describe('the invitations of a conversation', () => {
  test('are those that let people in, the latest first, with how often they did', async () => {
    const once = await alice.invite(thread, 'VIEWER', { maxUses: 1 })
    const twice = await alice.invite(thread, 'EDITOR', { maxUses: 2 })
    const always = await alice.invite(thread, 'VIEWER')
    for (const { token } of [once, twice]) await somebody().accept(token)
    const inviter = { id: await alice.id() }
    expect(await listOf(alice)).toMatchObject([
      { id: always.invitation.id, role: 'VIEWER', maxUses: null, uses: 0, revokedAt: null, inviter },
      { id: twice.invitation.id, role: 'EDITOR', maxUses: 2, uses: 1, revokedAt: null, inviter },
    ])
  })

  test('are shown to OWNERs alone, also by their ids', async () => {
    const { token, invitation } = await alice.invite(thread, 'EDITOR')
    await bob.accept(token)
    expect(await listOf(bob)).toBeNull()
    expect(await nodeOf(bob, invitation.id)).toBeNull()
    await alice.setRole(thread, await bob.id(), 'OWNER')
    expect(await listOf(bob)).toMatchObject([{ id: invitation.id }])
    expect(await nodeOf(bob, invitation.id)).toMatchObject({ id: invitation.id })
  })

  test('are 100 at most; one that was revoked makes room', async () => {
    const made = await Promise.all(Array.from({ length: 100 }, () => alice.invite(thread, 'VIEWER')))
    expect(await alice.invite.refuse(thread, 'VIEWER')).toMatchObject({ path: 'input.conversationId' })
    expect(await listOf(alice)).toHaveLength(100)
    await revoke(alice, made[0]?.invitation.id ?? '')
    await alice.invite(thread, 'VIEWER')
  })
})

describe('an invitation that is revoked', () => {
  test('lets nobody in any more; whoever came in stays', async () => {
    const { token, invitation } = await alice.invite(thread, 'EDITOR')
    await bob.accept(token)
    const { invitation: revoked } = await revoke(alice, invitation.id)
    expect(revoked?.revokedAt).not.toBeNull()
    expect(await listOf(alice)).toEqual([])
    expect(await somebody().accept.refuse(token)).toMatchObject({ __typename: 'NotFound' })
    expect((await alice.people(thread)).edges).toHaveLength(2)
    expect((await revoke(alice, invitation.id)).invitation?.revokedAt).toBe(revoked?.revokedAt)
  })

  test('is so by an OWNER alone: to others it does not exist', async () => {
    const { token, invitation } = await alice.invite(thread, 'EDITOR')
    await bob.accept(token)
    for (const person of [bob, somebody()]) {
      expect(await revoke(person, invitation.id)).toMatchObject({ __typename: 'NotFound' })
    }
    await somebody().accept(token)
  })
})

test('a conversation takes 200 participants, by whatever way they come; one that leaves makes room', async () => {
  const { token } = await alice.invite(thread, 'VIEWER')
  const people = Array.from({ length: 198 }, somebody)
  // They come one after the other, and whoever waits behind too many hears UNAVAILABLE.
  for (let first = 0; first < people.length; first += 18) {
    await Promise.all(people.slice(first, first + 18).map((person) => person.accept(token)))
  }
  // Of these, one is the last who fits.
  const last = await Promise.allSettled([bob, somebody(), somebody()].map((person) => person.accept(token)))
  expect(last.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  expect(await somebody().accept.refuse(token)).toMatchObject({ __typename: 'InvalidInput', path: 'token' })
  const carol = somebody()
  const refusal = await alice.add.refuse(thread, await carol.id(), 'VIEWER')
  expect(refusal).toMatchObject({ __typename: 'InvalidInput', path: 'conversationId' })
  await alice.expel(thread, (await people[0]?.id()) ?? '')
  await alice.add(thread, await carol.id(), 'VIEWER')
  expect(await people[1]?.accept(token)).toMatchObject({ conversation: { id: thread } })
})
