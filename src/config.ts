import { existsSync, readFileSync } from 'node:fs'
import { parse as parseEnv } from 'dotenv'
import { z } from 'zod'
import type { AuthSettings } from './auth/sign-in.ts'
import { type PostgresSettings, readPostgresUrl } from './database/postgres/postgres-url.ts'
import {
  firstProblem,
  httpUrl,
  ignored,
  isLoopback,
  isOneSlip,
  isOpen,
  isRefused,
  key,
  limits,
  maxMs,
  notYet,
  oneOf,
  origins,
  proxyUrl,
  setting,
  text,
  url,
  whole,
  withProxyNames,
} from './setting.ts'
import type { ProxySettings, UpstreamSettings } from './upstream/upstream.ts'
import {
  defaultTimeouts,
  plainUpstream,
  readUpstreamsFile,
  servesModel,
  type UpstreamEntry,
  unservedProblem,
  withoutEndSlashes,
} from './upstream/upstreams-file.ts'

export class ConfigError extends Error {
  constructor(name: string, problem: string) {
    super(`${name}: ${problem}`)
    this.name = 'ConfigError'
  }
}

type Environment = Record<string, string | undefined>

const known = z.object({
  HOST: setting('a host name or an address', (name) => (/^[\w.:-]+$/.test(name) ? name : undefined))
    .optional()
    .describe('where it listens; without it, loopback with Dev sign-in and all addresses with any other'),
  PORT: whole('a port', 0, 65_535).default(4000).describe('0 takes a free one and prints it'),
  DATABASE_URL: url('a postgres:// or postgresql:// URL', ['postgres:', 'postgresql:'])
    .optional()
    .describe('Postgres 14 or later; without it, the embedded database in DATA_DIR'),
  DATA_DIR: text.default('.data').describe('folder of the embedded database'),
  REDIS_URL: url('a redis:// or rediss:// URL', ['redis:', 'rediss:']).optional().describe('the bus'),
  OPENAI_API_KEY: key.optional().describe('one upstream, named openai'),
  OPENAI_BASE_URL: httpUrl.optional().describe('its address; alone, it serves keyless local servers'),
  UPSTREAMS_FILE: text.optional().describe('a JSON list of upstreams, tried in order for a model'),
  UPSTREAM_FIRST_BYTE_MS: whole('milliseconds', 1, maxMs).optional().describe('for the upstream named openai'),
  UPSTREAM_IDLE_MS: whole('milliseconds', 1, maxMs).optional().describe('for the upstream named openai'),
  UPSTREAM_TOTAL_MS: whole('milliseconds', 1, maxMs).optional().describe('for the upstream named openai'),
  HTTPS_PROXY: proxyUrl.optional().describe('through which https:// upstreams and AUTH_JWKS_URL are asked'),
  HTTP_PROXY: proxyUrl.optional().describe('through which http:// ones are asked'),
  NO_PROXY: text.optional().describe('hosts that are asked directly, separated by commas; this machine always is'),
  DEFAULT_MODEL: text.optional().describe("without it, the first upstream's first"),
  TITLE_MODEL: text.optional().describe('a cheap model that writes the titles; without it, the first words are one'),
  AUTH_JWKS_URL: httpUrl.optional().describe('the public keys of who signs the tokens, as a JSON Web Key Set'),
  // A key has to be at least as long as the hash: https://www.rfc-editor.org/rfc/rfc7518#section-3.2
  AUTH_JWT_SECRET: setting('at least 32 bytes', (secret) => (Buffer.byteLength(secret) >= 32 ? secret : undefined))
    .optional()
    .describe('the secret that the tokens are signed with, by HS256'),
  AUTH_ISSUER: text.optional().describe("what a token's iss has to be"),
  AUTH_AUDIENCE: text.optional().describe("what a token's aud has to be, or to have in it"),
  AUTH_DEV: oneOf('allow')
    .optional()
    .describe('lets Dev sign-in leave loopback, answer to any host name, and run under NODE_ENV=production'),
  ALLOWED_ORIGINS: setting('origins such as https://app.example.com, separated by commas', origins)
    .default([])
    .describe('other origins whose pages may call; same origin always may'),
  TRUSTED_DOCUMENTS_ONLY: oneOf('false').optional().describe('not in this version: only false'),
  ...limits,
  DRAIN_MS: whole('milliseconds', 0, maxMs).default(10_000).describe('for active completions to finish at shutdown'),
  LEASE_MS: whole('milliseconds', 100, maxMs)
    .default(10_000)
    .describe('after which a silent replica has lost its answers'),
  FLUSH_MS: whole('milliseconds', 1, 60_000).default(50).describe('between two writes of the log'),
  STREAM_RETENTION_HOURS: whole('hours', 1, 24 * 366)
    .default(24)
    .describe('how long the log of a finished answer stays'),
  LOG_LEVEL: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent').default('info'),
  NODE_ENV: text.optional(),
})

export interface Settings {
  host: string
  port: number
  /** null for the embedded database in `dataDir` */
  postgres: PostgresSettings | null
  dataDir: string
  redisUrl: string | null
  /** One line each, for settings that have no effect. */
  warnings: string[]
  proxy: ProxySettings | null
  /** empty if nothing is configured; then the demo model answers */
  upstreams: UpstreamSettings[]
  defaultModel: string | null
  titleModel: string | null
  auth: AuthSettings
  allowedOrigins: string[]
  /** false if the server refuses requests for a host name that a stranger may own */
  anyHost: boolean
  drainMs: number
  leaseMs: number
  flushMs: number
  streamRetentionMs: number
  requestsPerMinute: number
  streamsPerUser: number
  operationCost: number
  maxSockets: number
  socketsPerUser: number
  socketsPerAddress: number
  answerBytes: number
  logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent'
  production: boolean
  /** Whether npm runs this process: npm passes each signal that it receives on to its script. */
  isRunByNpm: boolean
}

/**
 * Reads the environment of this process and, in development, the `.env` file in its working folder. The environment has
 * precedence over the file.
 */
export function readEnvironment(): Settings {
  return readSettings(process.env, process.env['NODE_ENV'] === 'production' ? {} : readEnvFile())
}

function readEnvFile(): Environment {
  if (!existsSync('.env')) return {}
  try {
    // Some editors write a byte order mark before the first name.
    return parseEnv(readFileSync('.env', 'utf8').replace(/^\ufeff/, ''))
  } catch (error) {
    throw new ConfigError('.env', `cannot be read: ${(error as Error).message}`)
  }
}

/** Throws ConfigError with one line for the first setting that is malformed, unknown or contradicts another. */
export function readSettings(environment: Environment, envFile: Environment = {}): Settings {
  const env = withProxyNames(
    Object.fromEntries(Object.entries({ ...envFile, ...environment }).filter(([, value]) => value?.trim())),
  )
  for (const [name, reason] of Object.entries(notYet)) {
    if (env[name]) throw new ConfigError(name, `${reason}; leave it unset`)
  }
  const parsed = known.safeParse(env)
  if (!parsed.success) throw new ConfigError(String(parsed.error.issues[0]?.path[0]), firstProblem(parsed.error))
  const values = parsed.data

  const entries = values.UPSTREAMS_FILE ? upstreamsOf(values.UPSTREAMS_FILE, values) : []
  refuseUnknown(env, envFile, new Set(entries.flatMap((entry) => entry.apiKeyEnv ?? [])))
  refuseContradictions(values)
  const auth = authOf(values)
  if (auth.mode === 'dev') refuseStrangers(values)
  return {
    host: values.HOST ?? (auth.mode === 'dev' ? '127.0.0.1' : '0.0.0.0'),
    port: values.PORT,
    postgres: values.DATABASE_URL ? postgresOf(values.DATABASE_URL, env) : null,
    dataDir: values.DATA_DIR,
    redisUrl: values.REDIS_URL ?? null,
    warnings: Object.entries(ignored).flatMap(([name, reason]) => (env[name] ? [`${name} ${reason}`] : [])),
    proxy: proxyOf(values),
    upstreams: [...openai(values), ...entries.map((entry) => withKey(entry, env))],
    defaultModel: values.DEFAULT_MODEL ?? null,
    titleModel: values.TITLE_MODEL ?? null,
    auth,
    allowedOrigins: values.ALLOWED_ORIGINS,
    anyHost: auth.mode !== 'dev' || values.AUTH_DEV === 'allow',
    drainMs: values.DRAIN_MS,
    leaseMs: values.LEASE_MS,
    flushMs: values.FLUSH_MS,
    streamRetentionMs: values.STREAM_RETENTION_HOURS * 3_600_000,
    requestsPerMinute: values.LIMIT_REQUESTS_PER_MINUTE,
    streamsPerUser: values.LIMIT_STREAMS_PER_USER,
    operationCost: values.LIMIT_COST,
    maxSockets: values.LIMIT_SOCKETS,
    socketsPerUser: values.LIMIT_SOCKETS_PER_USER,
    socketsPerAddress: values.LIMIT_SOCKETS_PER_ADDRESS,
    answerBytes: values.LIMIT_ANSWER_BYTES,
    logLevel: values.LOG_LEVEL,
    production: values.NODE_ENV === 'production',
    isRunByNpm: environment['npm_lifecycle_event'] !== undefined,
  }
}

type Values = z.infer<typeof known>

function proxyOf({ HTTPS_PROXY, HTTP_PROXY, NO_PROXY }: Values): ProxySettings | null {
  if (!HTTPS_PROXY && !HTTP_PROXY) return null
  // As in Go's net/http, a server on this machine is not reached through a proxy.
  const direct = [NO_PROXY ?? '', 'localhost', '127.0.0.1', '[::1]']
  return { httpsProxy: HTTPS_PROXY ?? '', httpProxy: HTTP_PROXY ?? '', noProxy: direct.join(',') }
}

function authOf(values: Values): AuthSettings {
  const issuer = values.AUTH_ISSUER ?? null
  const audience = values.AUTH_AUDIENCE ?? null
  if (values.AUTH_JWKS_URL) {
    return { mode: 'jwks', url: values.AUTH_JWKS_URL, proxy: proxyOf(values), issuer, audience }
  }
  if (values.AUTH_JWT_SECRET) return { mode: 'secret', secret: values.AUTH_JWT_SECRET, issuer, audience }
  return { mode: 'dev' }
}

function postgresOf(url: string, env: Environment): PostgresSettings {
  const read = readPostgresUrl(url, env)
  if ('problem' in read) throw new ConfigError('DATABASE_URL', read.problem)
  return read
}

function openai(values: Values): UpstreamSettings[] {
  if (!values.OPENAI_API_KEY && !values.OPENAI_BASE_URL) return []
  const timeouts = { ...defaultTimeouts }
  if (values.UPSTREAM_FIRST_BYTE_MS) timeouts.firstByteMs = values.UPSTREAM_FIRST_BYTE_MS
  if (values.UPSTREAM_IDLE_MS) timeouts.idleMs = values.UPSTREAM_IDLE_MS
  if (values.UPSTREAM_TOTAL_MS) timeouts.totalMs = values.UPSTREAM_TOTAL_MS
  const baseUrl = withoutEndSlashes(values.OPENAI_BASE_URL ?? 'https://api.openai.com/v1')
  const apiKey = values.OPENAI_API_KEY ?? null
  return [{ ...plainUpstream, name: 'openai', baseUrl, apiKey, timeouts }]
}

function upstreamsOf(path: string, values: Values): UpstreamEntry[] {
  const read = readUpstreamsFile(path)
  if ('problem' in read) throw new ConfigError('UPSTREAMS_FILE', read.problem)
  const locked = read.entries.find(({ baseUrl }) => !isOpen(new URL(baseUrl)))
  if (locked)
    throw new ConfigError('UPSTREAMS_FILE', `upstream ${locked.name} takes a URL without a user or a password`)
  const models = ['DEFAULT_MODEL', 'TITLE_MODEL'] as const
  const unserved = models.find((name) => values[name] && !servesModel(read.entries, values[name]))
  if (unserved) throw new ConfigError(unserved, unservedProblem)
  return read.entries
}

function withKey({ apiKeyEnv, ...entry }: UpstreamEntry, env: Environment): UpstreamSettings {
  if (!apiKeyEnv) return { ...entry, apiKey: null }
  const given = env[apiKeyEnv]
  if (given === undefined) {
    throw new ConfigError('UPSTREAMS_FILE', `upstream ${entry.name} takes its key from ${apiKeyEnv}, which is not set`)
  }
  const parsed = key.safeParse(given)
  if (!parsed.success) throw new ConfigError(apiKeyEnv, firstProblem(parsed.error))
  return { ...entry, apiKey: parsed.data }
}

const knownNames = [...Object.keys(known.shape), ...Object.keys(notYet), ...Object.keys(ignored)]

function refuseUnknown(env: Environment, envFile: Environment, keyNames: Set<string>): void {
  for (const name of Object.keys(env)) {
    if (knownNames.includes(name) || keyNames.has(name)) continue
    const meant = knownNames.find((candidate) => isOneSlip(name, candidate))
    // If the correct name is set, too, the other name belongs to another program.
    const misspelt = meant !== undefined && !env[meant]
    if (!isRefused(name, env[name] ?? '', { inFile: name in envFile, meant: misspelt ? meant : null })) continue
    throw new ConfigError(name, `no such setting${meant ? `; did you mean ${meant}?` : ''}`)
  }
}

function refuseContradictions(values: Values): void {
  const single = values.OPENAI_API_KEY ?? values.OPENAI_BASE_URL
  if (values.UPSTREAMS_FILE && single) {
    const name = values.OPENAI_API_KEY ? 'OPENAI_API_KEY' : 'OPENAI_BASE_URL'
    throw new ConfigError('UPSTREAMS_FILE', `contradicts ${name}; set one of the two`)
  }
  for (const name of ['UPSTREAM_FIRST_BYTE_MS', 'UPSTREAM_IDLE_MS', 'UPSTREAM_TOTAL_MS'] as const) {
    if (values[name] && !single) throw new ConfigError(name, 'takes effect only with OPENAI_BASE_URL or OPENAI_API_KEY')
  }
  if (values.LEASE_MS < 10 * values.FLUSH_MS) {
    throw new ConfigError('LEASE_MS', `takes at least ten times FLUSH_MS, which is ${values.FLUSH_MS}`)
  }
  refuseAuthContradictions(values)
}

function refuseAuthContradictions(values: Values): void {
  const keys = (['AUTH_JWKS_URL', 'AUTH_JWT_SECRET'] as const).find((name) => values[name])
  if (values.AUTH_JWKS_URL && values.AUTH_JWT_SECRET) {
    throw new ConfigError('AUTH_JWT_SECRET', 'contradicts AUTH_JWKS_URL; set one of the two')
  }
  if (values.AUTH_DEV && keys)
    throw new ConfigError('AUTH_DEV', `contradicts ${keys}, with which nobody signs in by Dev`)
  for (const name of ['AUTH_ISSUER', 'AUTH_AUDIENCE'] as const) {
    if (values[name] && !keys) throw new ConfigError(name, 'takes effect only with AUTH_JWKS_URL or AUTH_JWT_SECRET')
  }
}

function refuseStrangers({ AUTH_DEV, NODE_ENV, HOST = '127.0.0.1' }: Values): void {
  if (AUTH_DEV === 'allow') return
  const cure = 'AUTH_DEV=allow beside it, or AUTH_JWKS_URL or AUTH_JWT_SECRET'
  if (NODE_ENV === 'production')
    throw new ConfigError('NODE_ENV', `Dev sign-in checks nobody, so production takes ${cure}`)
  if (!isLoopback(HOST))
    throw new ConfigError('HOST', `Dev sign-in checks nobody, so it takes a loopback address, or ${cure}`)
}
