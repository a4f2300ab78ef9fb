import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'
import { canMakeNamespaces } from './test/harness/process-namespace.ts'
import { findProgram } from './test/harness/program.ts'
import { Sequencer } from './test/harness/sequencer.ts'
import { canMountDisks } from './test/harness/small-disk.ts'
import { totals } from './test/harness/totals.ts'

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000)
const hasPostgres = Boolean(process.env['DATABASE_URL'] ?? findProgram('initdb'))
const hasRedis = Boolean(process.env['REDIS_URL'] ?? findProgram('redis-server'))

const hasChromium = findProgram('chromium') !== null
const hasPgbouncer = findProgram('pgbouncer') !== null

const missing = [
  ...(hasPostgres ? [] : ['the tests on Postgres: DATABASE_URL is not set and initdb is not installed']),
  ...(hasRedis ? [] : ['the tests with Redis: REDIS_URL is not set and redis-server is not installed']),
  ...(hasPgbouncer ? [] : ['the tests behind a pooler: pgbouncer is not installed']),
  ...(hasChromium ? [] : ['the tests of the page: chromium is not installed']),
  ...(canMakeNamespaces() ? [] : ['the tests in containers: this user may not make namespaces of processes']),
  ...(canMountDisks() ? [] : ['the test of a full disk: this user may not mount one']),
]

/** Tests in test/chat that would find nothing else on another database. */
const onOneDatabase = [
  'test/chat/access/{input-caps,isolation,limits,sign-in}.test.ts',
  'test/chat/completion/{answer-bytes,price,title,tool-calls}.test.ts',
  'test/chat/prompt/{context,context-parts,context-preview,json-literal,parameters}.test.ts',
  'test/chat/schema/{cost,stream-variables}.test.ts',
]

/** The other tests in test/chat run once on each database, and the tests outside it run once. */
function project(
  name: string,
  include: string[],
  database: 'pglite' | 'postgres',
  exclude: string[] = [],
): TestProjectInlineConfiguration {
  return {
    // Node resolves `graphql` to CommonJS and Vite to ESM; with both loaded, `instanceof GraphQLError` is false in tests.
    resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
    test: {
      name,
      include,
      exclude,
      provide: { database },
      setupFiles: ['test/harness/stop-servers.ts'],
      // Each worker loads the server once, and not again for each file.
      isolate: false,
      sequence: { shuffle: true },
      testTimeout: 60_000,
      hookTimeout: 60_000,
      // The default is one second, which is too short on a busy machine.
      expect: { poll: { timeout: 10_000 } },
    },
  }
}

export default defineConfig({
  test: {
    projects: [
      project('plain', ['test/!(chat)/*.test.ts'], 'pglite'),
      project('pglite', ['test/chat/*/*.test.ts'], 'pglite'),
      ...(hasPostgres ? [project('postgres', ['test/chat/*/*.test.ts'], 'postgres', onOneDatabase)] : []),
    ],
    globalSetup: ['test/harness/global-setup.ts'],
    maxWorkers: 2,
    teardownTimeout: 20_000,
    sequence: { shuffle: true, seed, sequencer: Sequencer },
    reporters: ['default', totals(missing, process.env['REQUIRE_SERVICES'] === '1')],
  },
})
