import { type App, startApp } from './app.ts'
import type { JwtSettings } from './auth/jwt.ts'
import { ConfigError, readEnvironment, type Settings } from './config.ts'
import { StoreError } from './database/error.ts'
import { withHost } from './setting.ts'

function describeDatabase({ postgres, dataDir }: Settings): string {
  if (postgres === null) return `embedded, in ${dataDir} (DATABASE_URL is not set)`
  const { host, pathname, searchParams } = new URL(withHost(postgres.connectionString))
  return `Postgres at ${searchParams.get('host') ?? host}${pathname} (DATABASE_URL)`
}

function describeBus({ postgres, redisUrl }: Settings): string {
  if (redisUrl !== null) return `Redis at ${new URL(redisUrl).host} (REDIS_URL)`
  if (postgres === null) return 'in memory (the embedded database serves one process)'
  return 'Postgres NOTIFY (REDIS_URL is not set)'
}

function describeUpstreams({ upstreams }: Settings): string {
  if (upstreams.length === 0)
    return 'the built-in demo model (neither OPENAI_API_KEY, OPENAI_BASE_URL nor UPSTREAMS_FILE is set)'
  return upstreams.map(({ name, baseUrl }) => `${name} at ${withoutQuery(baseUrl)}`).join(', ')
}

function describeSignIn({ auth }: Settings): string {
  if (auth.mode === 'dev') {
    return 'dev: `Authorization: Dev alice` is alice, nothing is dev (neither AUTH_JWKS_URL nor AUTH_JWT_SECRET is set)'
  }
  const issuer = auth.issuer === null ? 'any issuer' : `the issuer ${auth.issuer}`
  const audience = auth.audience === null ? 'any audience' : `the audience ${auth.audience}`
  return `JWT of ${issuer} for ${audience}, ${describeKeys(auth)}`
}

function describeKeys(auth: JwtSettings): string {
  if (auth.mode === 'secret') return 'signed by HS256 (AUTH_JWT_SECRET)'
  return `with the keys at ${withoutQuery(auth.url)} (AUTH_JWKS_URL)`
}

/** The query may contain a secret: some gateways expect the key there. */
function withoutQuery(url: string): string {
  const { origin, pathname } = new URL(url)
  return `${origin}${pathname}`
}

function summary(url: string, settings: Settings): string {
  return `
  Antiphon is ready.

  Page       ${url}/
  GraphiQL   ${url}/graphql (in a browser)
  GraphQL    ${url}/graphql (HTTP, SSE and WebSocket)
  Schema     ${url}/schema.graphql
  REST       ${url}/v1 (in OpenAI's format)

  Database   ${describeDatabase(settings)}
  Bus        ${describeBus(settings)}
  Upstream   ${describeUpstreams(settings)}
  Sign-in    ${describeSignIn(settings)}

`
}

/** A problem that the operator can solve is one line; any other error is a bug of ours and has its stack trace. */
function explain(error: unknown): string {
  const isExpected = error instanceof ConfigError || error instanceof StoreError
  if (isExpected) return error.message
  if (error instanceof Error && 'syscall' in error) {
    if (error.syscall === 'getaddrinfo' || ('code' in error && error.code === 'EADDRNOTAVAIL'))
      return `HOST: ${error.message}`
    if (error.syscall === 'listen') return `PORT: ${error.message}`
    // Of the files that a start needs, only those in DATA_DIR belong to the operator.
    if ('path' in error) return `DATA_DIR: ${error.message}`
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

// A terminal sends Ctrl-C, and some supervisors send SIGTERM, both to npm and to this process, and npm passes its own on to us.
const npmHandsOnWithinMs = 1_000

function closeOnSignals(app: App, { isRunByNpm }: Settings) {
  const sameSignalMs = isRunByNpm ? npmHandsOnWithinMs : 0
  let closingSinceMs: number | null = null
  const stop = async (exitCode: number) => {
    // The sender of a second signal does not want to wait. The next start ends the completions whose end was not stored.
    if (closingSinceMs !== null) process.exit(1)
    closingSinceMs = performance.now()
    await app.close()
    process.exit(exitCode)
  }
  const stopOrFail = (exitCode: number) =>
    stop(exitCode).catch((error: unknown) => {
      app.log.error({ err: error }, 'the server did not close in good order')
      process.exit(1)
    })
  const onSignal = () => {
    const isSameSignal = closingSinceMs !== null && performance.now() - closingSinceMs < sameSignalMs
    if (!isSameSignal) void stopOrFail(0)
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
  process.on('uncaughtException', (error) => {
    app.log.fatal({ err: error }, 'uncaught exception')
    void stopOrFail(1)
  })
}

async function main() {
  const settings = readEnvironment()
  const app = await startApp(settings)
  closeOnSignals(app, settings)
  if (await app.ready) process.stdout.write(summary(app.url, settings))
}

main().catch((error: unknown) => {
  process.stderr.write(`antiphon: ${explain(error)}\n`)
  process.exit(1)
})
