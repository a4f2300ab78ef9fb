import { once } from 'node:events'
import { Writable } from 'node:stream'
import {
  GraphQLError,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
  printSchema,
} from 'graphql'
import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import { type AuthSettings, createSignIn, type Identity, type Keys } from '../../src/auth/sign-in.ts'
import type { Openai } from '../../src/openai/openai.ts'
import { metered } from '../../src/schema/metered.ts'
import type { Checks } from '../../src/transport/health.ts'
import { createServer, type Server } from '../../src/transport/server.ts'

/** This text is in errors that the server must never send to a client. */
export const secret = 'canary-7f3a'

export interface Door {
  url: string
  log: string[]
  server: Server
  /** the names of the root fields that were resolved */
  resolved: string[]
  parked: Event
  /** the source of a parked subscription was returned */
  left: Event
  /** the signal of an operation's context aborted */
  aborted: Event
}

export interface DoorOptions {
  allowedOrigins?: string[]
  anyHost?: boolean
  host?: string
  operationCost?: number
  maxSockets?: number
  socketsPerUser?: number
  socketsPerAddress?: number
  assertReady?: () => void
  checks?: Checks
  pageFolder?: string
  auth?: AuthSettings
  keys?: Partial<Keys>
  logLevel?: string
}

const noKeys: Keys = {
  holder: async () => null,
  noteUse: async () => {},
  revoked: async () => [],
  onRevocation: () => () => {},
}

const noAnswer = async () => ({ conversationId: null, body: {} })

/** An empty implementation, because the tests of OpenAI's format have a whole server. */
const noOpenai: Openai = {
  complete: noAnswer,
  storedCompletions: { list: noAnswer, retrieve: noAnswer, messages: noAnswer, update: noAnswer, remove: noAnswer },
  models: async () => ({ object: 'list', data: [] }),
  model: async () => ({}),
  rateLimits: async () => ({}),
}

/** Starts only the transport, on a free port, with a small schema for the tests. */
export async function openDoor(options: DoorOptions = {}): Promise<Door> {
  const probe = { resolved: [], parked: event(), left: event(), aborted: event() }
  const log: string[] = []
  const sink = new Writable({
    write(line, _encoding, done) {
      log.push(String(line))
      done()
    },
  })
  const logger = pino({ level: options.logLevel ?? 'info' }, sink)
  const schema = probeSchema(probe)
  const signIn = createSignIn({
    auth: options.auth ?? { mode: 'dev' },
    keys: { ...noKeys, ...options.keys },
    log: logger,
  })
  const server = createServer({
    settings: {
      host: options.host ?? '127.0.0.1',
      port: 0,
      operationCost: options.operationCost ?? 50_000,
      allowedOrigins: options.allowedOrigins ?? [],
      anyHost: options.anyHost ?? false,
      maxSockets: options.maxSockets ?? 1_000,
      socketsPerUser: options.socketsPerUser ?? 1_000,
      socketsPerAddress: options.socketsPerAddress ?? 1_000,
    },
    schema,
    sdl: () => printSchema(schema),
    signIn,
    async createContext(identity, signal) {
      if (identity.name === 'nobody-can-serve') throw unavailable()
      signal.addEventListener('abort', probe.aborted.happen)
      return { identity, signal }
    },
    openai: noOpenai,
    viewerOf: async ({ subject, name }) => ({ id: subject, subject, name, createdAt: new Date(0) }),
    assertReady: options.assertReady ?? (() => {}),
    checks: options.checks ?? (async () => ({ database: null })),
    pageFolder: options.pageFolder ?? '/nowhere',
    log: logger,
  })
  const { port } = await server.listen()
  onTestFinished(async () => {
    await server.close()
    signIn.close()
  })
  return { ...probe, log, server, url: `http://127.0.0.1:${port}` }
}

interface Event {
  happened: Promise<void>
  happen(): void
}

function event(): Event {
  let happen = () => {}
  const happened = new Promise<void>((resolve) => {
    happen = resolve
  })
  return { happened, happen: () => happen() }
}

type Probe = Pick<Door, 'resolved' | 'parked' | 'left'>

function probeSchema(probe: Probe): GraphQLSchema {
  const person: GraphQLObjectType = new GraphQLObjectType({
    name: 'Person',
    fields: () => ({
      name: { type: GraphQLString },
      friend: { type: person, resolve: () => ({ name: 'friend' }) },
      // This list is longer than the cost assumes, because nothing gives its length.
      crowd: {
        type: new GraphQLList(person),
        resolve() {
          probe.resolved.push('crowd')
          return crowdOf(20)
        },
      },
    }),
  })
  const query = new GraphQLObjectType<unknown, { identity: Identity; signal: AbortSignal }>({
    name: 'Query',
    fields: {
      viewer: { type: person, resolve: (_root, _args, { identity }) => ({ name: identity.name }) },
      double: {
        type: GraphQLInt,
        args: { of: { type: new GraphQLNonNull(GraphQLInt) } },
        resolve: (_root, { of }: { of: number }) => of * 2,
      },
      long: {
        type: GraphQLString,
        args: { of: { type: new GraphQLNonNull(GraphQLInt) } },
        resolve: (_root, { of }: { of: number }) => 'x'.repeat(of),
      },
      broken: { type: GraphQLString, resolve: () => Promise.reject(new Error(secret)) },
      waiting: {
        type: GraphQLString,
        async resolve(_root, _args, { signal }) {
          probe.parked.happen()
          await once(signal, 'abort')
        },
      },
      illTyped: { type: GraphQLInt, resolve: () => secret },
      forbidden: {
        type: GraphQLString,
        resolve: () => Promise.reject(new GraphQLError('Not for you.', { extensions: { code: 'FORBIDDEN' } })),
      },
    },
  })
  const mutation = new GraphQLObjectType({
    name: 'Mutation',
    fields: { touch: { type: GraphQLInt, resolve: () => 1 } },
  })
  const subscription = new GraphQLObjectType<unknown, { signal: AbortSignal }>({
    name: 'Subscription',
    fields: {
      crowds: {
        type: new GraphQLList(person),
        subscribe: () => counting(4),
        resolve: (n: unknown) => crowdOf(400 * Number(n)),
      },
      count: stream({ to: { type: new GraphQLNonNull(GraphQLInt) } }, ({ to }) => counting(to)),
      parked: stream({}, () => parking(probe)),
      late: stream({}, async (_args, { signal }) => {
        probe.parked.happen()
        await once(signal, 'abort')
        return parking(probe)
      }),
      breaking: stream({}, () => breaking()),
      refused: stream({}, () => Promise.reject(new Error(secret))),
      unavailable: stream({}, () => Promise.reject(unavailable())),
      failing: stream({ to: { type: new GraphQLNonNull(GraphQLInt) } }, ({ to }) => failing(to)),
    },
  })
  for (const type of [query, mutation, subscription]) record(type, probe.resolved)
  return metered(new GraphQLSchema({ query, mutation, subscription }))
}

type Source = AsyncIterable<number> | Promise<AsyncIterable<number>>

function stream(
  args: Record<string, { type: GraphQLNonNull<typeof GraphQLInt> }>,
  subscribe: (args: { to: number }, context: { signal: AbortSignal }) => Source,
) {
  return {
    type: GraphQLInt,
    args,
    subscribe: (_root: unknown, given: Record<string, number>, context: { signal: AbortSignal }) =>
      subscribe({ to: given['to'] ?? 0 }, context),
    resolve: (value: unknown) => value,
  }
}

function record(type: GraphQLObjectType, resolved: string[]): void {
  for (const field of Object.values(type.getFields())) {
    const key = field.subscribe ? 'subscribe' : 'resolve'
    const inner = field[key]
    field[key] = (...args) => {
      resolved.push(field.name)
      return inner?.(...args)
    }
  }
}

const crowdOf = (size: number) => Array.from({ length: size }, (_, index) => ({ name: `No. ${index}` }))

async function* counting(to: number): AsyncGenerator<number> {
  for (let value = 1; value <= to; value++) yield value
}

/** An error as from the layers below the transport while their database is unavailable. */
export function unavailable(): Error {
  return Object.assign(new Error(secret), { code: 'UNAVAILABLE' })
}

async function* failing(after: number): AsyncGenerator<number> {
  yield* counting(after)
  throw unavailable()
}

async function* breaking(): AsyncGenerator<number> {
  yield 1
  throw new Error(secret)
}

/** Yields one value and then waits for ever; only return() ends the wait. */
function parking({ parked, left }: Probe): AsyncIterable<number> & AsyncIterator<number> {
  let given = false
  let end: (result: IteratorResult<number>) => void = () => {}
  return {
    [Symbol.asyncIterator]() {
      return this
    },
    async next() {
      if (!given) {
        given = true
        return { done: false, value: 1 }
      }
      parked.happen()
      return new Promise((resolve) => {
        end = resolve
      })
    },
    async return() {
      left.happen()
      end({ done: true, value: undefined })
      return { done: true, value: undefined }
    },
  }
}
