import { expect, inject, test } from 'vitest'
import type { Torture } from './torture/ground.ts'
import { scenarios } from './torture/scenarios.ts'

const seed = process.env['SEED'] ?? `${Date.now() % 1_000_000}`
const postgres = inject('postgres')

const sentences = {
  slow: 'readers who stop reading cost next to nothing, and those who read slowly get the exact text',
  leak: 'what short subscriptions took is given back',
  lag: 'viewers at another replica see each token soon after those at its own',
}

test.skipIf(postgres === null).for(Object.entries(sentences))('%s: %s', { timeout: 180_000 }, async ([name]) => {
  const { url = null, template = '' } = postgres ?? {}
  const torture: Torture = { seed, folder: inject('folder'), postgresUrl: url, databasePrefix: template }
  const report = await scenarios[name]?.short(torture)
  expect(report?.faults, report?.figure).toEqual([])
})
