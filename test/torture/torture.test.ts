import { expect, inject, test } from 'vitest'
import { findProgram } from '../harness/program.ts'
import { canMountDisks } from '../harness/small-disk.ts'
import type { Torture } from './ground.ts'
import { scenarios } from './scenarios.ts'

const seed = process.env['SEED'] ?? `${Date.now() % 1_000_000}`
const postgres = inject('postgres')

const sentences = {
  'kill-postgres': 'what a killed server has shown or acknowledged is there at the other, and its answers end',
  reconnect: 'viewers who come back, to any server and with a cursor or without, miss no character and see none twice',
  keys: 'a key that is raced asks the model once',
  pause: 'a server that wakes after its lease was taken writes no more to its old answers, and answers new questions',
  cancel: 'a cancelled answer is stopped upstream at once, through any server, and keeps its text and usage',
  locked: 'while somebody locks a table, callers are told soon, and connections do not pile up',
  writers: 'two who write at the same moment get two messages in one order, each answered with all before it',
  slow: 'readers who stop reading cost next to nothing, and those who read slowly get the exact text',
  leak: 'what short subscriptions took is given back',
  lag: 'viewers at another replica see each token soon after those at its own',
}

async function faultsOf(name: string) {
  const { url = null, template = '' } = postgres ?? {}
  const torture: Torture = { seed, folder: inject('folder'), postgresUrl: url, databasePrefix: template }
  const report = await scenarios[name]?.short(torture)
  expect(report?.faults, report?.figure).toEqual([])
}

// Several servers need a database that they can share; the end of the run names it where it is missing.
test.skipIf(postgres === null).for(Object.entries(sentences))('%s: %s', { timeout: 180_000 }, ([name]) =>
  faultsOf(name),
)

const onOwnPostgres = {
  'database-faults': 'answers outlive a database that fails in the middle',
  'read-only': 'a database that takes no writes is told of, and its connections are left',
  stall: 'servers under a database that stands still do not take each other for lost',
}

// It stops and starts a Postgres of its own, which takes the programs; the end of the run names them where they are missing.
test.skipIf(findProgram('initdb') === null).for(Object.entries(onOwnPostgres))(
  '%s: %s',
  { timeout: 180_000 },
  ([name]) => faultsOf(name),
)

test(
  'bombs: documents that cost more than the budget are refused at once, and all others are answered',
  {
    timeout: 180_000,
  },
  () => faultsOf('bombs'),
)

test(
  'wire: answers in all forms, cut and damaged in all ways, mean what they mean, and have one ending each',
  {
    timeout: 180_000,
  },
  () => faultsOf('wire'),
)

test(
  'kill-pglite: what a killed server has shown or acknowledged is there when it starts again',
  {
    timeout: 180_000,
  },
  () => faultsOf('kill-pglite'),
)

// A small disk takes a user who may mount one; the end of the run names it where they may not.
test.skipIf(!canMountDisks())(
  'full-disk: a server whose disk is full refuses writes, can be stopped, and loses nothing of what it acknowledged',
  { timeout: 600_000 },
  () => faultsOf('full-disk'),
)
