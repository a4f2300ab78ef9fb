import { randomBytes, randomUUID } from 'node:crypto'
import { afterEach, beforeAll, expect, inject, vi } from 'vitest'
import { type Bus, createMemoryBus, type Topic } from '../../src/bus/bus.ts'
import { createPostgresBus } from '../../src/bus/postgres-bus.ts'
import { createRedisBus } from '../../src/bus/redis-bus.ts'
import { type BusConnections, postgresConnections, redisConnections } from './bus-connections.ts'
import { emptyPostgres } from './empty-database.ts'

export type Kind = Bus['kind']

export const waiting = { timeout: 10_000, interval: 20 }
// A database of Redis that no other test uses. It shows which connections belong to this test, but not which messages do.
const redisDatabase = 11

export const remoteKinds: Kind[] = []
if (inject('postgres') !== null) remoteKinds.push('postgres')
if (inject('redisUrl') !== null) remoteKinds.push('redis')

const told = new Set<string>()
const opened: { close(): Promise<void> }[] = []
let postgresUrl = ''

beforeAll(async () => {
  if (remoteKinds.includes('postgres')) postgresUrl = (await emptyPostgres()).databaseUrl
})

export const closeAll = () => Promise.all(opened.splice(0).map((thing) => thing.close()))

afterEach(async () => void (await closeAll()))

export function closeLater<T extends { close(): Promise<void> }>(thing: T): T {
  opened.push(thing)
  return thing
}

export function createLog() {
  const said: string[] = []
  const say = (_details: object, message: string) => void said.push(message)
  return { said, info: say, warn: say }
}

export function serverUrl(kind: Kind): string {
  return kind === 'redis' ? new URL(`/${redisDatabase}`, inject('redisUrl') ?? '').href : postgresUrl
}

export function createBus(kind: Kind, url = serverUrl(kind), log = createLog()): Bus {
  const bus = busOf(kind, url, log)
  bus.start()
  return bus
}

function busOf(kind: Kind, url: string, log: ReturnType<typeof createLog>): Bus {
  if (kind === 'memory') return createMemoryBus()
  return kind === 'redis'
    ? createRedisBus({ redisUrl: url, log })
    : createPostgresBus({ connection: { connectionString: url }, log })
}

export function newId(): string {
  const id = randomUUID()
  told.add(id)
  return id
}

/**
 * Records what a bus hears about new ids from now on. It ignores greetings, which may come late, and the messages of other
 * tests that use the same Redis.
 */
export function listen(bus: Bus, topic: Topic) {
  const heard: string[] = []
  const leave = bus.subscribe(topic, (ids) => heard.push(...ids.filter((id) => told.has(id))))
  return { heard, leave }
}

/** Records the notes of this test that a bus hears from now on. */
export function listenToNotes(bus: Bus) {
  const heard: { note: string; origin: string }[] = []
  bus.onNote((note, origin) => {
    const text = note.toString('latin1')
    if (told.has(text)) heard.push({ note: text, origin })
  })
  return heard
}

/** Returns a new note of this size, with random bytes. */
export function newNote(size: number): Buffer {
  const note = randomBytes(size)
  told.add(note.toString('latin1'))
  return note
}

/** Waits until one bus hears the other. A message to a bus that is not connected yet is lost, so the greeting is repeated. */
export async function hears(listener: Bus, speaker: Bus) {
  const greeting = randomUUID()
  let isHeard = false
  const leave = listener.subscribe('moved', (ids) => {
    isHeard ||= ids.includes(greeting)
  })
  await vi.waitFor(() => {
    speaker.publish('moved', [greeting])
    expect(isHeard).toBe(true)
  }, waiting)
  leave()
}

export async function createPair(kind: Kind): Promise<[Bus, Bus]> {
  const one = closeLater(createBus(kind))
  if (kind === 'memory') return [one, one]
  const other = closeLater(createBus(kind))
  await hears(one, other)
  await hears(other, one)
  return [one, other]
}

export function connectionsTo(kind: Kind): BusConnections {
  const url = serverUrl(kind)
  if (kind === 'redis') return redisConnections(url, inject('redisUrl') ?? '')
  return postgresConnections(url, inject('postgres')?.url ?? '')
}
