import { setTimeout as delay } from 'node:timers/promises'
import { percentile } from '../bench/figure.ts'
import { createPerson } from '../harness/person.ts'
import type { Environment } from '../harness/server-process.ts'
import { begin } from './begin.ts'
import { createGauge, type Gauge, handlesOf } from './gauge.ts'
import { type Ground, newDatabase, onGround, type Report, type Torture } from './ground.ts'
import { type Link, startLink } from './link.ts'
import { createReader, type Reader, type ReaderOptions } from './reader.ts'
import type { Question } from './script.ts'

export interface SlowSizes {
  stalled: number
  healthy: number
  slow: number
  answers: number
  paceMs: number
  /** Of the answer that the stalled ones watch. */
  fillPaceMs: number
  /** For how long the healthy ones' gaps are looked at, without the stalled and beside them. */
  windowMs: number
  /** Of each of the stalled ones' events. */
  paddingBytes: number
  /** What a stalled one may cost. */
  limitBytes: number
  /** Until the server cuts the stalled ones off, and on a machine that does nothing else: times are promised, too. */
  isWhole: boolean
}

const name = 'reader'
const kilobyte = 1_024
const promised = { gapGrowthMs: 20, cutMs: 45_000 }
// With the window less than 30 s, when the server begins to cut them off.
const patienceMs = 25_000

export const longSlow: SlowSizes = {
  stalled: 200,
  healthy: 50,
  slow: 10,
  answers: 10,
  paceMs: 20,
  fillPaceMs: 5,
  windowMs: 4_000,
  // The buffers of the system between two sockets take some 4 MB. What a server holds beside them is an event.
  paddingBytes: 5 * kilobyte,
  limitBytes: 64 * kilobyte,
  isWhole: true,
}

export const shortSlow: SlowSizes = {
  stalled: 10,
  healthy: 5,
  slow: 2,
  answers: 2,
  paceMs: 20,
  fillPaceMs: 5,
  windowMs: 1_000,
  // Larger events fill those buffers sooner.
  paddingBytes: 32 * kilobyte,
  limitBytes: 256 * kilobyte,
  isWhole: false,
}

/** Readers who stop reading, and readers who read a kilobyte a second, beside others who read all. */
export function slow(torture: Torture, sizes: SlowSizes): Promise<Report> {
  return onGround(torture, async (ground) => {
    const gauge = createGauge(ground.folder)
    const server = await ground.start({ ...(await newSwiftDatabase(ground)), ...gauge.settings, FLUSH_MS: '5' })
    const narrow = await startLink(server.url, kilobyte)
    const shut = await startLink(server.url, 16 * kilobyte)
    narrow.set('narrow')
    shut.set('shut')
    try {
      return await readAll(ground, sizes, gauge, { server: server.url, narrow, shut })
    } finally {
      await Promise.all([narrow.close(), shut.close()])
    }
  })
}

/** One that commits soon: each token is an event of its own, and the buffers of the system are full after seconds. */
async function newSwiftDatabase(ground: Ground): Promise<Environment> {
  const { DATABASE_URL = '', ...settings } = await newDatabase(ground)
  const url = new URL(DATABASE_URL)
  url.searchParams.set('options', '-c synchronous_commit=off')
  return { ...settings, DATABASE_URL: url.href }
}

async function readAll(
  ground: Ground,
  sizes: SlowSizes,
  gauge: Gauge,
  { server, narrow, shut }: { server: string; narrow: Link; shut: Link },
): Promise<string> {
  const { faults } = ground
  const answers = await beginAnswers(ground, server, 'paced', sizes.answers, sizes.paceMs)
  const filling = await beginAnswers(ground, server, 'filling', 1, sizes.fillPaceMs)
  const healthy = await openReaders(sizes.healthy, answers, { url: server, faults })
  const slow = await openReaders(sizes.slow, answers, { url: narrow.url, faults })
  const { paddingBytes } = sizes
  const openStalled = (url: string) => openReaders(sizes.stalled, filling, { url, faults, paddingBytes })
  // What the first readers of this kind leave behind is no reader's: compiled code, pools.
  await comeAndGo(gauge, () => openStalled(server))
  const before = { p99Ms: await p99GapMs(healthy, sizes.windowMs), weight: await gauge.weigh() }

  const stalled = await openStalled(shut.url)
  await gauge.weighUntil((weight) => weight.stalled >= sizes.stalled, patienceMs)
  const stalledAtMs = performance.now()
  const p99Ms = await p99GapMs(healthy, sizes.windowMs)
  const weight = await gauge.weigh()
  if (weight.stalled < sizes.stalled) faults.push(`of ${sizes.stalled} readers ${weight.stalled} are seen to stall`)
  const heapBytes = (weight.heapBytes - before.weight.heapBytes) / sizes.stalled
  const bytes = (weight.bytes - before.weight.bytes) / sizes.stalled
  if (heapBytes > sizes.limitBytes) faults.push(`a stalled reader costs ${kilobytes(heapBytes)} KB of heap`)
  const growthMs = p99Ms - before.p99Ms
  if (sizes.isWhole && growthMs > promised.gapGrowthMs) faults.push(`the gap grew by ${growthMs.toFixed(1)} ms`)

  const cut = sizes.isWhole ? `; ${await waitForTheCut(ground, gauge, stalledAtMs)}` : ''
  narrow.set('open')
  shut.set('open')
  for (const { id } of [...answers, ...filling]) await createPerson(server, name).cancel(id)
  await Promise.all([...healthy, ...slow, ...stalled].map(({ done }) => done))
  return (
    `slow: ${sizes.stalled} stalled beside ${sizes.healthy} healthy and ${sizes.slow} slow ones, ` +
    `${kilobytes(heapBytes)} KB of heap for each stalled one, ${kilobytes(bytes)} KB with its buffers; p99 gap of the healthy ${before.p99Ms.toFixed(1)} ms ` +
    `without, ${p99Ms.toFixed(1)} ms with them${cut}; connections lost: ${lossesOf(healthy)} healthy, ` +
    `${lossesOf(slow)} slow, ${lossesOf(stalled)} stalled`
  )
}

interface Begun {
  id: string
  question: Question
}

function beginAnswers({ seed }: Ground, url: string, id: string, count: number, paceMs: number): Promise<Begun[]> {
  const questions = Array.from({ length: count }, (_, index): Question => {
    return { id: `${id}-${index}`, seed, pieces: 20_000, paceMs, isSteady: true }
  })
  return Promise.all(questions.map(async (question) => ({ question, id: await begin(url, name, question) })))
}

/** By both ways in turn; resolves when each has its first event. */
async function openReaders(
  count: number,
  answers: readonly Begun[],
  options: Pick<ReaderOptions, 'url' | 'faults' | 'paddingBytes'>,
): Promise<Reader[]> {
  const readers = Array.from({ length: Math.ceil(count / answers.length) }, (_, round) => {
    return answers.map(({ id, question }, index) => {
      const over = (round + index) % 2 === 0 ? 'websocket' : 'sse'
      return { ...options, name, completionId: id, question, over } as const
    })
  })
  const opened = readers.flat().slice(0, count).map(createReader)
  await Promise.all(opened.map(({ begun }) => begun))
  return opened
}

async function p99GapMs(readers: readonly Reader[], windowMs: number): Promise<number> {
  for (const reader of readers) reader.takeGapsMs()
  await delay(windowMs)
  return percentile(
    readers.flatMap((reader) => reader.takeGapsMs()),
    99,
  )
}

async function comeAndGo(gauge: Gauge, open: () => Promise<Reader[]>) {
  const before = await gauge.weigh()
  for (const reader of await open()) reader.leave()
  await gauge.weighUntil((weight) => handlesOf(weight) <= handlesOf(before), patienceMs)
}

async function waitForTheCut({ faults }: Ground, gauge: Gauge, sinceMs: number): Promise<string> {
  const leftMs = promised.cutMs - (performance.now() - sinceMs)
  const { stalled } = await gauge.weighUntil((weight) => weight.stalled === 0, leftMs)
  if (stalled > 0) faults.push(`${stalled} stalled readers are not cut off`)
  return `all cut off ${Math.round((performance.now() - sinceMs) / 1_000)} s after the last of them stalled`
}

function lossesOf(readers: readonly Reader[]): number {
  return readers.reduce((total, reader) => total + reader.losses(), 0)
}

function kilobytes(bytes: number): string {
  return (bytes / kilobyte).toFixed(1)
}
