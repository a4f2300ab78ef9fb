import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Logger, pino } from 'pino'
import { mintApiKey } from './auth/api-key.ts'
import { createSignIn, type Identity, type Keys } from './auth/sign-in.ts'
import { type Bus, createMemoryBus } from './bus/bus.ts'
import { createPostgresBus } from './bus/postgres-bus.ts'
import { createRedisBus } from './bus/redis-bus.ts'
import { type ChatServer, createChat } from './chat/chat.ts'
import type { Settings } from './config.ts'
import { type Database, openDatabase } from './database/database.ts'
import { StoreError } from './database/error.ts'
import { migrate } from './database/migrate.ts'
import { createDemoModel } from './demo/demo.ts'
import { createOpenai } from './openai/openai.ts'
import { createContext } from './schema/context.ts'
import { schema, sdl } from './schema/schema.ts'
import { createStore, type Store } from './store/store.ts'
import { createServer } from './transport/server.ts'
import { createUpstreams, type UpstreamSettings } from './upstream/upstream.ts'
import { defaultTimeouts, plainUpstream } from './upstream/upstreams-file.ts'

export interface App {
  readonly url: string
  /**
   * Resolves with true when the server can serve, and with false if it was closed before. Rejects with StoreError if the
   * operator has to act.
   */
  readonly ready: Promise<boolean>
  readonly log: Logger
  /**
   * Lets active completions finish within DRAIN_MS, then closes the connections and everything else. Further calls share the
   * first one.
   */
  close(): Promise<void>
}

const reconnectMs = 1_000
// The folder is the same for src and for the bundle.
const buildFolder = join(import.meta.dirname, '../.build')

/** Creates all parts and listens. Rejects if the port or the data folder is in use. */
export async function startApp(settings: Settings): Promise<App> {
  const log = pino({ level: settings.logLevel, base: null, serializers: { err: loggedError } }, pino.destination(2))
  for (const warning of settings.warnings) log.warn(warning)
  const database = await openDatabase(settings, (problem) => log.error(problem))
  const demo = settings.upstreams.length === 0 ? createDemoModel() : null
  const demoModels = demo === null ? [] : [demoUpstream((await demo.listen()).baseUrl)]
  const upstreams = createUpstreams([...settings.upstreams, ...demoModels], settings)
  const bus = createBus(settings, log)
  const store = createStore(database)
  const chat = createChat({
    store,
    upstreams,
    bus,
    log,
    mintKey: mintApiKey,
    isSoleProcess: database.kind === 'pglite',
    tokenThreadFile: join(buildFolder, 'token-thread.js'),
    ...chatSettings(settings),
  })
  const readiness = createReadiness(database, bus, chat, log)
  const signIn = createSignIn({ auth: settings.auth, keys: storedKeys(store, bus, readiness.assert), log })
  const viewerOf = async (identity: Identity) => {
    readiness.assert()
    return chat.viewers.of(identity)
  }
  const server = createServer({
    settings,
    schema,
    sdl,
    signIn,
    createContext: async (identity, signal, origin) => {
      const { apiKeyId, expiresAt } = identity
      const signingKey = apiKeyId === null ? null : { id: apiKeyId, expiresAt }
      return createContext(chat, { viewer: await viewerOf(identity), signingKey, signal, origin })
    },
    openai: createOpenai(chat),
    viewerOf,
    assertReady: readiness.assert,
    checks: readiness.checks,
    pageFolder: join(buildFolder, 'web'),
    log,
  })

  // Each part is closed before the parts that it uses, beginning with the transport.
  async function close() {
    server.drain()
    readiness.stop()
    await chat.drain(settings.drainMs)
    await server.close()
    signIn.close()
    await upstreams.close()
    await demo?.close()
    await bus.close()
    await database.close()
  }

  const { url } = await server.listen()
  let closing: Promise<void> | null = null
  return {
    url,
    ready: readiness.begin(),
    log,
    close() {
      closing ??= close()
      return closing
    },
  }
}

function chatSettings(settings: Settings) {
  const { defaultModel, titleModel, flushMs, leaseMs, streamRetentionMs: retentionMs } = settings
  const { requestsPerMinute, streamsPerUser } = settings
  return { defaultModel, titleModel, flushMs, leaseMs, retentionMs, requestsPerMinute, streamsPerUser }
}

// The errors of drivers contain the statement with its values, which are texts of users and must not be logged.
function loggedError(error: unknown): object {
  if (!(error instanceof Error)) return { message: String(error) }
  const { name, message, stack, cause } = error
  const code = 'code' in error ? error.code : undefined
  return { name, message, code, stack, cause: cause === undefined ? undefined : loggedError(cause) }
}

function createBus({ postgres, redisUrl }: Settings, log: Logger): Bus {
  if (redisUrl !== null) return createRedisBus({ redisUrl, log })
  return postgres === null ? createMemoryBus() : createPostgresBus({ connection: postgres, log })
}

function storedKeys({ apiKeys }: Store, bus: Bus, assertReady: () => void): Keys {
  return {
    async holder(prefix) {
      // Before the migrations are applied, the table may not exist.
      assertReady()
      return apiKeys.holder(prefix)
    },
    noteUse: apiKeys.noteUse,
    revoked: apiKeys.revoked,
    onRevocation: (listener) => bus.subscribe('revoked', listener),
  }
}

function demoUpstream(baseUrl: string): UpstreamSettings {
  return { ...plainUpstream, name: 'demo', baseUrl, apiKey: null, timeouts: defaultTimeouts }
}

function isPassing({ code }: StoreError): boolean {
  return code === 'UNAVAILABLE' || code === 'READ_ONLY'
}

/** Runs the migrations and starts the work as soon as the database can be reached. */
function createReadiness(database: Database, bus: Bus, chat: ChatServer, log: Logger) {
  const stopper = new AbortController()
  const checkDatabase = createDatabaseCheck(database, log)
  let waitsFor: string | null = 'the migrations are not applied yet'

  async function begin(): Promise<boolean> {
    while (!stopper.signal.aborted) {
      try {
        await migrate(database)
        // The bus must not start earlier: behind a pooler in transaction mode, which `migrate` refuses, LISTEN would stay in
        // the session of another client.
        bus.start()
        await chat.start()
        waitsFor = null
        return true
      } catch (error) {
        if (!(error instanceof StoreError) || !isPassing(error)) throw error
        if (waitsFor !== error.message)
          log.error({ reason: error.message }, 'DATABASE_URL: /readyz says 503 until it serves')
        waitsFor = error.message
      }
      await delay(reconnectMs, undefined, { signal: stopper.signal }).catch(() => {})
    }
    return false
  }

  return {
    begin,
    stop: () => stopper.abort(),
    assert() {
      if (waitsFor !== null) throw new StoreError('UNAVAILABLE', waitsFor)
    },
    async checks() {
      const migrations = waitsFor === null ? null : 'the migrations are not known to be applied yet'
      return { database: await checkDatabase(), migrations }
    },
  }
}

/**
 * Resolves with the reason why the database cannot serve, in words that anybody may read, or with null. The log has the
 * details.
 */
function createDatabaseCheck(database: Database, log: Logger): () => Promise<string | null> {
  let told: string | null = null

  function tell(reason: string | null, details: object) {
    if (reason !== null && reason !== told) log.warn(details, `${reason}: /readyz says 503`)
    if (reason === null && told !== null) log.info({}, 'the database serves again')
    told = reason
    return reason
  }

  return async () => {
    try {
      const isReadOnly = (await database.check()) === 'READ_ONLY'
      return tell(isReadOnly ? 'the database is read-only' : null, {})
    } catch (error) {
      return tell('the database cannot be reached, or does not answer', { err: error })
    }
  }
}
