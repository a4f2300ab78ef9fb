import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import { subscribe } from '../harness/client.ts'
import { createPerson } from '../harness/person.ts'
import { webSocketUrl } from '../harness/server-process.ts'
import { begin } from './begin.ts'
import { createGauge, handlesOf, type Weight } from './gauge.ts'
import { newDatabase, onGround, type Report, type Torture } from './ground.ts'

export interface LeakSizes {
  subscriptions: number
}

const name = 'passer-by'
const atOnce = 20
const warmUps = 400
const promisedGrowth = 0.05
const patienceMs = 20_000
const document = `subscription ($input: CompletionStreamInput!) {
  completionStream(input: $input) { __typename completionId cursor }
}`

interface Data {
  completionStream: { __typename: string }
}

type Way = () => Promise<void>

/** Short looks at an answer that has ended, and at one that is written: what they took is given back. */
export function leak(torture: Torture, { subscriptions }: LeakSizes): Promise<Report> {
  return onGround(torture, async (ground) => {
    const { seed, faults } = ground
    const gauge = createGauge(ground.folder)
    // Whoever has left holds no place: else there would soon be none.
    const places = { LIMIT_STREAMS_PER_USER: `${5 * atOnce}` }
    const { url } = await ground.start({ ...(await newDatabase(ground)), ...gauge.settings, ...places })
    const ended = await begin(url, name, { id: 'ended', seed, pieces: 20, paceMs: 0 })
    await createPerson(url, name).watch(ended).rest()
    // It goes on to the end: with it would go what it holds of those who have left.
    const live = await begin(url, name, { id: 'live', seed, pieces: 20_000, paceMs: 20 })
    const look = (count: number) => lookTimes(count, url, ended, live)

    await look(warmUps)
    const before = await gauge.weigh()
    await look(subscriptions)
    const after = await gauge.weighUntil((weight) => faultsOf(before, weight).length === 0, patienceMs)
    faults.push(...faultsOf(before, after))
    await createPerson(url, name).cancel(live)
    return `leak: ${subscriptions} subscriptions; ${shown(before)} before, ${shown(after)} after`
  })
}

async function lookTimes(count: number, url: string, ended: string, live: string) {
  const socket = openSocket(url)
  const ways = [
    () => socket.look(ended, 'to the end'),
    () => socket.look(live, 'at the first'),
    () => lookOnce(url, live, 'websocket'),
    () => lookOnce(url, live, 'sse'),
  ]
  await inTurns(ways, count)
  await socket.close()
}

/** One connection for many looks. */
function openSocket(url: string) {
  const client = createClient({
    url: webSocketUrl(url),
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Dev ${name}` },
    retryAttempts: 0,
    lazy: false,
    onNonLazyError: () => {},
  })
  return {
    look(completionId: string, until: 'to the end' | 'at the first') {
      return new Promise<void>((resolve, reject) => {
        const payload = { query: document, variables: { input: { watch: { completionId } } } }
        const leave = client.subscribe<Data>(payload, {
          next({ data }) {
            if (isRefusal(data)) reject(new Error('a place is refused'))
            if (until === 'at the first') leave()
          },
          error: (reason) => reject(reason instanceof Error ? reason : new Error(JSON.stringify(reason))),
          complete: resolve,
        })
      })
    },
    close: async () => client.dispose(),
  }
}

/** On a connection of its own, which is cut at the first event. */
async function lookOnce(url: string, completionId: string, over: 'websocket' | 'sse') {
  const events = subscribe<Data>(url, document, { input: { watch: { completionId } } }, { over, as: name })
  const first = await events.next()
  events.drop()
  if (first.done || isRefusal(first.value)) throw new Error(`${over}: a place is refused, or there is no event`)
}

function isRefusal(data: Data | null | undefined): boolean {
  return data?.completionStream.__typename === 'CompletionRejected'
}

async function inTurns(ways: readonly Way[], count: number) {
  let begun = 0
  async function go() {
    while (begun < count) {
      const way = ways[begun % ways.length]
      begun += 1
      await way?.()
    }
  }
  await Promise.all(Array.from({ length: atOnce }, go))
}

function faultsOf(before: Weight, after: Weight): string[] {
  const faults: string[] = []
  if (after.bytes > before.bytes * (1 + promisedGrowth)) faults.push('the heap grew by more than 5 %')
  if (handlesOf(after) > handlesOf(before) * (1 + promisedGrowth)) {
    faults.push(`handles are left: ${JSON.stringify(after.handles)}; before: ${JSON.stringify(before.handles)}`)
  }
  return faults
}

function shown(weight: Weight): string {
  return `${(weight.bytes / 1_024 / 1_024).toFixed(2)} MB and ${handlesOf(weight)} handles`
}
