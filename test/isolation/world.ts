import { SignJWT } from 'jose'
import { expect, vi } from 'vitest'
import { make, revoke } from '../harness/api-keys.ts'
import { execute } from '../harness/client.ts'
import { createPerson, type Person, readTo, says } from '../harness/person.ts'
import type { ScriptedUpstream } from '../harness/upstream.ts'
import { chunks, done, finish, silence, usage } from '../harness/upstream.ts'
import type { Realm } from './attempt.ts'

export const signingSecret = 'what the tests of isolation sign with'

async function authorizationOf(name: string, expiresAt: string | number = '1h'): Promise<string> {
  const token = new SignJWT({ name }).setProtectedHeader({ alg: 'HS256' }).setSubject(name)
  return `Bearer ${await token.setExpirationTime(expiresAt).sign(new TextEncoder().encode(signingSecret))}`
}

export interface Somebody extends Person {
  name: string
  authorization: string
}

export async function somebody(url: string, name: string): Promise<Somebody> {
  const authorization = await authorizationOf(name)
  return { name, authorization, ...createPerson(url, { authorization }) }
}

interface Guest {
  person: Somebody
  role: 'OWNER' | 'EDITOR' | 'VIEWER'
}

interface Furniture {
  owner: Somebody
  /** Who comes in by an invitation, and uses it up. */
  comer: Somebody
  /** Who asks and has the keys; one of the guests, or the owner. */
  asker?: Somebody
  guests?: Guest[]
  /** Whether an answer is being written, and another waits for it. */
  isBusy?: boolean
}

let realms = 0

/** A conversation with all that can be in one. Its texts have words that stand nowhere else. */
export async function furnish(upstream: ScriptedUpstream, furniture: Furniture): Promise<Realm> {
  const { owner, comer, asker = owner, guests = [], isBusy = false } = furniture
  realms += 1
  const words: string[] = []
  const word = (what: string) => {
    words.push(`canary${what}${realms}`)
    return `canary${what}${realms}`
  }
  const conversation = await owner.converse({ title: word('title'), systemPrompt: word('prompt') })
  const { id: conversationId } = conversation
  for (const { person, role } of guests) await owner.add(conversationId, await person.id(), role)

  const reply = (text: string) => upstream.reply(...chunks(text), finish('stop'), usage(9, 2), done())
  reply(word('answer'))
  const asked = await asker.ask({
    conversationId,
    messages: [says(word('question'))],
    metadata: [{ key: 'note', value: word('note') }],
  })
  const keys = [1, 2].map(() => crypto.randomUUID())
  // To the letter what the attempts ask and write by these keys.
  reply(word('again'))
  const again = await asker.ask({ conversationId, messages: [says('x')], idempotencyKey: keys[0] })
  const written = await asker.write(conversationId, 'x', { idempotencyKey: keys[1] })
  const edited = await owner.write(conversationId, word('edit'), { replaces: written.createdMessage.id })
  const { secret, apiKey } = await make(owner, { name: word('key') })
  const { token, invitation } = await owner.invite(conversationId, 'VIEWER', { maxUses: 1 })
  await comer.accept(token)

  const busy = isBusy ? await makeBusy(upstream, asker, conversationId, word) : null
  const { edges } = await asker.messages(conversationId)
  const user = await owner.id()
  const people = await asker.people(conversationId)
  return {
    ids: {
      User: [user],
      ApiKey: [apiKey.id],
      Invitation: [invitation.id],
      Conversation: [conversationId],
      Participant: people.edges.map(({ node }) => node.id),
      // The first question and its answer, the last ones but for what waits, and the edit.
      Message: [0, 1, -3, -2].map((at) => edges.at(at)?.node.id ?? '').concat(edited.createdMessage.id),
      Completion: [asked.completion.id, again.completion.id, ...(busy?.completions ?? [])],
    },
    keys: [...keys, ...(busy?.keys ?? [])],
    cursors: [...new Set([...(await cursorsOf(asker, conversationId)), ...(busy?.cursors ?? [])])],
    words,
    tokens: [token],
    secrets: [secret, token],
  }
}

/** An answer that is being written, and one that waits for it. */
async function makeBusy(
  upstream: ScriptedUpstream,
  asker: Person,
  conversationId: string,
  word: (what: string) => string,
) {
  const text = word('running')
  upstream.reply(...chunks(text), silence())
  const key = crypto.randomUUID()
  const viewer = asker.start(key, { conversationId, messages: [says('x')] })
  const seen = await readTo(text, viewer)
  await viewer.close()
  const waiting = { conversationId, messages: [says(word('waiting'))], ifBusy: 'QUEUE', background: true }
  const queued = await asker.ask(waiting)
  return {
    completions: [seen[0]?.completionId ?? '', queued.completion.id],
    cursors: [seen.at(-1)?.cursor ?? ''],
    keys: [key],
  }
}

async function cursorsOf(person: Person, conversationId: string): Promise<string[]> {
  const lists = await Promise.all([
    person.conversations(),
    person.messages(conversationId),
    person.people(conversationId),
    person.search('x'),
  ])
  // The first of each: that of the people is the owner, and no later one is whoever asks for this.
  const places = lists.map(({ pageInfo }) => pageInfo.startCursor ?? '')
  return [...places, await person.eventCursor(conversationId)]
}

/** What does not sign alice in any more, or never did, by what has become of it. */
export async function endedCredentials(url: string, person: Somebody): Promise<Record<string, string>> {
  const [revoked, expired] = await Promise.all([
    make(person, { name: 'revoked' }),
    make(person, { name: 'expired', expiresAt: new Date(Date.now() + 3_000) }),
  ])
  await revoke(person, revoked.apiKey.id)
  const expiredKey = `Bearer ${expired.secret}`
  await vi.waitFor(async () => {
    const { status } = await execute(url, '{ viewer { id } }', {}, { authorization: expiredKey })
    expect(status).toBe(401)
  }, 15_000)
  return {
    'an expired token': await authorizationOf(person.name, Math.floor(Date.now() / 1_000) - 60),
    'a revoked key': `Bearer ${revoked.secret}`,
    'an expired key': expiredKey,
    'a key of nobody': `Bearer ak_${'0'.repeat(16)}_${'A'.repeat(43)}`,
  }
}
