import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { schema } from '../../../src/schema/schema.ts'
import { spawnServer } from '../../harness/server.ts'
import { startScriptedUpstream } from '../../harness/upstream.ts'
import { type Attempt, attemptsAt, ownAt, type Reach, type Realm } from '../../isolation/attempt.ts'
import { type Operation, operationAt } from '../../isolation/document.ts'
import { askAtOnce, askByGet, askByPost, doorsOf, visit } from '../../isolation/door.ts'
import { hostPath, type Place, placesIn } from '../../isolation/place.ts'
import { endedCredentials, furnish, signingSecret, somebody } from '../../isolation/world.ts'

const upstream = await startScriptedUpstream()
afterAll(() => upstream.close())
const server = await spawnServer({
  OPENAI_BASE_URL: upstream.baseUrl,
  AUTH_JWT_SECRET: signingSecret,
  LOG_LEVEL: 'trace',
  LIMIT_STREAMS_PER_USER: '1000000',
  // Here all that there is of a type is asked for at once.
  LIMIT_COST: '1000000000',
  LIMIT_SOCKETS_PER_USER: '1000000',
  UPSTREAM_IDLE_MS: '600000',
})
const { url } = server
const { places } = placesIn(schema)

const alice = await somebody(url, 'alice')
const bob = await somebody(url, 'bob')
const victor = await somebody(url, 'victor')
const remy = await somebody(url, 'remy')
const mallory = await somebody(url, 'mallory')
const comer = await somebody(url, 'dora')
const people = [alice, bob, victor, remy, mallory]

const asVictor = { person: victor, role: 'VIEWER' } as const
const asBob = { person: bob, role: 'EDITOR' } as const
const asRemy = { person: remy, role: 'EDITOR' } as const
const secret = await furnish(upstream, { comer, owner: alice, isBusy: true })
const shared = await furnish(upstream, { comer, owner: alice, asker: bob, guests: [asBob, asVictor], isBusy: true })
const lost = await furnish(upstream, { comer, owner: alice, asker: remy, guests: [asRemy], isBusy: true })
const gone = await furnish(upstream, { comer, owner: alice, asker: remy, guests: [asRemy], isBusy: true })
// It would let in anybody else.
lost.tokens.push((await alice.invite(lost.ids.Conversation[0] ?? '', 'EDITOR')).token)
await alice.expel(lost.ids.Conversation[0] ?? '', await remy.id())
await alice.remove(gone.ids.Conversation[0] ?? '')

/** Who has met somebody may see who that is, from then on. */
function whereMet(realm: Realm): Realm {
  return { ...realm, ids: { ...realm.ids, User: [] } }
}

// The name of who tries, what of others, what of their own, and how many of the doors.
const visitors = [
  {
    who: 'a stranger',
    person: mallory,
    hers: secret,
    own: await furnish(upstream, { comer, owner: mallory }),
    doors: 4,
  },
  {
    who: 'who was removed',
    person: remy,
    hers: whereMet(lost),
    gone,
    own: await furnish(upstream, { comer, owner: remy }),
    doors: 4,
  },
  {
    who: 'who shares something else',
    person: bob,
    hers: whereMet(secret),
    own: await furnish(upstream, { comer, owner: bob }),
    doors: 1,
  },
]

const hersAll = [secret, shared, lost]
const canaries = hersAll.flatMap(({ words, secrets }) => [...words, ...secrets])
const tokens = people.map(({ authorization }) => authorization.replace('Bearer ', ''))

function operationOf(name: string, given: Record<string, unknown> = {}): Operation[] {
  const found = places.filter((place) => place.name === name)
  return found.map((place) => operationAt(schema, place, new Map(Object.entries(given)), new Map()))
}

/** All that alice can see. */
async function dump(): Promise<string> {
  const { doors, leave } = await visit(url, alice.authorization)
  const inRealms = hersAll.flatMap(({ ids }) => [
    ...operationOf('Query.nodes', { ids: Object.values(ids).flat() }),
    ...ids.Conversation.flatMap((id) => operationOf('Conversation.messages', { [hostPath]: id })),
  ])
  const lists = [...operationOf('Query.conversations'), ...operationOf('Query.viewer')]
  const seen = await Promise.all([...inRealms, ...lists].map(doors.POST))
  leave()
  return seen.join()
}

const ended = Object.entries(await endedCredentials(url, alice))
const before = await dump()

// A user's id is what an owner needs to let them in, so whoever has one may name its user there.
function isMeant(place: Place, { what }: Attempt): boolean {
  return place.name === 'Mutation.addParticipant' && /^userId: User .*, (alone|in own)$/.test(what)
}

function planOf(place: Place, { doors, ...reach }: Reach & { doors: number }) {
  return attemptsAt(schema, place, reach)
    .filter((attempt) => !isMeant(place, attempt))
    .flatMap((attempt) => {
      const served = doorsOf[attempt.operation.kind]
      return served.slice(0, attempt.fits ? doors : 1).map((door) => ({ attempt, door }))
    })
}

// So few that none of them waits long for a connection to the database. Each is asked beside its twin, so two attempts are four
// requests, which is the limit of these queries for one user.
const limitedToFour = ['Query.searchMessages', 'Query.usage']
const atOnceIn = ({ name }: Place) => (limitedToFour.includes(name) ? 2 : 4)

async function inTurns<Item>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<string[]>,
): Promise<string[]> {
  const found: string[] = []
  for (let from = 0; from < items.length; from += atOnce) {
    found.push(...(await Promise.all(items.slice(from, from + atOnce).map(work))).flat())
  }
  return found
}

const short = (text: string) => (text.length > 600 ? `${text.slice(0, 600)}...` : text)

describe.each(visitors)('for $who, what is not theirs is as what does not exist', ({ person, ...rest }) => {
  const canaries = [...rest.hers.words, ...rest.hers.secrets]
  let sent = 0
  beforeEach(() => {
    sent = upstream.requests.length
  })

  afterEach(async () => {
    expect(await dump()).toBe(before)
    expect(upstream.requests).toHaveLength(sent)
  })

  test.each(places)('by $name', async (place) => {
    const { doors, leave } = await visit(url, person.authorization)
    const differences = await inTurns(planOf(place, rest), atOnceIn(place), async ({ attempt, door }) => {
      const { given, operation, twin, what } = attempt
      const ask = doors[door] ?? doors.POST
      const [one, other] = await Promise.all([
        ask(operation).then((answer) => answer.replaceAll(given[0], 'what was given')),
        ask(twin).then((answer) => answer.replaceAll(given[1], 'what was given')),
      ])
      const told = canaries.filter((canary) => one.includes(canary) || other.includes(canary))
      return [
        ...(one === other ? [] : [`${place.name} ${what}, over ${door}: ${short(one)} and not ${short(other)}`]),
        ...told.map((canary) => `${place.name} ${what}, over ${door}, tells ${canary}`),
      ]
    })
    leave()
    expect(differences).toEqual([])
  })
})

// Where a VIEWER is served: what they see there is theirs, too.
const servesViewers =
  /^(Query|Conversation)\.|^Mutation\.(acceptInvitation|selectBranch|markRead)|^Subscription\.(conversationEvents|conversationPresence|completionStream input\.watch)/

function refusedToViewers(place: Place) {
  const seen = { ...shared, ids: { ...shared.ids, ApiKey: [], Invitation: [] } }
  return attemptsAt(schema, place, { hers: seen, own: seen }).filter(
    ({ fits, path }) => fits && !servesViewers.test(`${place.name} ${path}`),
  )
}

const refusing = places.filter((place) => refusedToViewers(place).length > 0)

test.each(refusing)('a VIEWER who writes by $name is refused, and nothing changes', async (place) => {
  const sent = upstream.requests.length
  const { doors, leave } = await visit(url, victor.authorization)
  const served = await inTurns(refusedToViewers(place), atOnceIn(place), async ({ operation, what }) => {
    const answers = doorsOf[operation.kind].map(async (door) => {
      const answer = await (doors[door] ?? doors.POST)(operation)
      return answer.includes('Forbidden') ? [] : [`${place.name} ${what}, over ${door}: ${short(answer)}`]
    })
    return (await Promise.all(answers)).flat()
  })
  leave()
  expect(served).toEqual([])
  expect(await dump()).toBe(before)
  expect(upstream.requests).toHaveLength(sent)
})

const roots = places.filter(({ host }) => host === null)

const refusals = {
  POST: (by: string, operation: Operation) => askByPost(url, by, operation, 'application/json'),
  SSE: (by: string, operation: Operation) => askByPost(url, by, operation, 'text/event-stream'),
  GET: (by: string, operation: Operation) => askByGet(url, by, operation),
  WebSocket: (by: string, operation: Operation) => askAtOnce(url, by, operation),
}

test.each(Object.entries(refusals))(
  'over %s, whoever is not signed in gets one answer to everything',
  async (_, ask) => {
    const operations = roots.map((place) => operationAt(schema, place, new Map(), ownAt(place, secret)))
    const asked = ended.flatMap(([, authorization]) => operations.map((operation) => ({ authorization, operation })))
    const answers = await inTurns(asked, 4, async ({ authorization, operation }) => [
      await ask(authorization, operation),
    ])
    expect([...new Set(answers)]).toHaveLength(1)
    expect(answers[0]).toMatch(/^\[401,.*UNAUTHENTICATED|^\[4401,\[\]\]/)
    expect(await dump()).toBe(before)
  },
)

test('the server writes nothing of it to its log', () => {
  expect([...canaries, ...tokens].filter((canary) => server.output().includes(canary))).toEqual([])
})

const carol = await somebody(url, 'carol')

// What is ignored by its description.
const ignored = [
  'Subscription.completionStream input.start.completion.idempotencyKey',
  'Query.contextPreview input.idempotencyKey',
]

test.each(places)('whose it is gets another answer by $name, so that the bytes above can tell', async (place) => {
  const realm = await furnish(upstream, { comer, owner: carol })
  const patient = await visit(url, carol.authorization)
  const { doors, leave } = await visit(url, carol.authorization, 1_000)
  const attempts = attemptsAt(schema, place, { hers: realm, own: realm }).filter(({ fits }) => fits)
  async function isTold({ operation, twin, given }: Attempt): Promise<boolean> {
    const door = operation.kind === 'subscription' ? 'WebSocket' : 'POST'
    const nothing = (await patient.doors[door](twin)).replaceAll(given[1], 'what was given')
    // Of what there is, a stream may have no end.
    const something = await doors[door](operation).catch(() => 'no end')
    return something.replaceAll(given[0], 'what was given') !== nothing
  }
  for (const { path, meaning } of place.positions) {
    if (meaning === 'cursor' || ignored.includes(`${place.name} ${path}`)) continue
    let isDifferent = false
    for (const attempt of attempts) isDifferent ||= attempt.path === path && (await isTold(attempt))
    expect([path, isDifferent]).toEqual([path, true])
  }
  leave()
  patient.leave()
})

test('there are at least 1,500 checks', () => {
  const reaching = visitors.map((visitor) => places.flatMap((place) => planOf(place, visitor)).length)
  const writing = places.flatMap((place) =>
    refusedToViewers(place).flatMap(({ operation }) => doorsOf[operation.kind]),
  ).length
  const entering = roots.length * ended.length * Object.keys(refusals).length
  const all = [...reaching, writing, entering].reduce((sum, count) => sum + count)
  console.log(
    `isolation: ${all} checks: ${reaching.join(' + ')} of ids, ${writing} of a VIEWER, ${entering} of credentials`,
  )
  expect(all).toBeGreaterThanOrEqual(1_500)
})

test('what nobody else sees, alice does', () => {
  const words = hersAll.flatMap((realm) => realm.words)
  expect(words.filter((word) => !before.includes(word))).toEqual([])
})
