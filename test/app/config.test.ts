import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readSettings } from '../../src/config.ts'
import { refusal } from '../harness/refusal.ts'
import type { Environment } from '../harness/server-process.ts'

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'antiphon-config-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

function upstreamsFile(content: unknown): string {
  const path = join(temporaryFolder(), 'upstreams.json')
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

test('nothing set means the embedded database, the demo model and Dev sign-in on loopback', () => {
  expect(readSettings({})).toEqual({
    host: '127.0.0.1',
    port: 4000,
    postgres: null,
    dataDir: '.data',
    redisUrl: null,
    upstreams: [],
    defaultModel: null,
    titleModel: null,
    auth: { mode: 'dev' },
    allowedOrigins: [],
    anyHost: false,
    drainMs: 10_000,
    leaseMs: 10_000,
    flushMs: 50,
    isRunByNpm: false,
    streamRetentionMs: 86_400_000,
    requestsPerMinute: 120,
    operationCost: 50_000,
    answerBytes: 8 * 1024 * 1024,
    streamsPerUser: 50,
    maxSockets: 10_000,
    socketsPerUser: 200,
    socketsPerAddress: 1_000,
    logLevel: 'info',
    production: false,
    proxy: null,
    warnings: [],
  })
})

test('an empty setting is one that is not set', () => {
  expect(readSettings({ PORT: '', DATABASE_URL: ' ', OPENAI_API_KEY: '', AUTH_JWT_SECRET: '' })).toEqual(
    readSettings({}),
  )
})

test.each<[Environment, object]>([
  [{ PORT: '0' }, { port: 0 }],
  [{ PORT: ' 8080 ' }, { port: 8080 }],
  [{ HOST: '::1' }, { host: '::1' }],
  [{ HOST: '127.8.9.1' }, { host: '127.8.9.1' }],
  [
    { HOST: '0.0.0.0', AUTH_DEV: 'allow' },
    { host: '0.0.0.0', anyHost: true },
  ],
  [
    { NODE_ENV: 'production', AUTH_DEV: 'allow' },
    { production: true, host: '127.0.0.1' },
  ],
  [
    { DATABASE_URL: 'postgresql://me@db.example/chat' },
    { postgres: { connectionString: 'postgresql://me@db.example/chat', ssl: false, schema: null } },
  ],
  [
    { DATABASE_URL: 'postgres://me@/chat?host=/run/pg&schema=a%20b' },
    { postgres: { connectionString: 'postgres://me@/chat?host=/run/pg', ssl: false, schema: 'a b' } },
  ],
  [{ REDIS_URL: 'rediss://cache.example' }, { redisUrl: 'rediss://cache.example' }],
  [
    { ALLOWED_ORIGINS: 'https://a.example, http://localhost:3000' },
    { allowedOrigins: ['https://a.example', 'http://localhost:3000'] },
  ],
  [{ STREAM_RETENTION_HOURS: '2' }, { streamRetentionMs: 7_200_000 }],
  [
    { LIMIT_REQUESTS_PER_MINUTE: '7', LIMIT_STREAMS_PER_USER: '2' },
    { requestsPerMinute: 7, streamsPerUser: 2 },
  ],
  [
    { LIMIT_SOCKETS: '9', LIMIT_SOCKETS_PER_USER: '2', LIMIT_SOCKETS_PER_ADDRESS: '3' },
    { maxSockets: 9, socketsPerUser: 2, socketsPerAddress: 3 },
  ],
  [{ TRUSTED_DOCUMENTS_ONLY: 'false' }, {}],
])('%j is taken', (env, expected) => {
  expect(readSettings(env)).toMatchObject(expected)
})

describe('what is malformed is refused by name', () => {
  test.each([
    ['PORT', ['4000abc', '-1', '65536', '1e3', '0x10', '4000.5', 'http']],
    ['HOST', ['not a host', 'http://localhost']],
    ['DATABASE_URL', ['mysql://me@db.example/chat', 'db.example', 'postgres://a b']],
    ['REDIS_URL', ['http://cache.example', 'localhost:6379']],
    ['OPENAI_API_KEY', ['two words', 'line\nbreak']],
    ['OPENAI_BASE_URL', ['localhost:8000/v1', 'ftp://models.example', 'http://me:word@models.example', 'http://me@a']],
    ['AUTH_JWKS_URL', ['localhost:8000/keys', 'https://me:word@auth.example/keys']],
    ['ALLOWED_ORIGINS', ['*', 'null', 'app.example', 'https://app.example/path', 'https://a.example,']],
    ['DRAIN_MS', ['10s', '2147483648']],
    ['FLUSH_MS', ['0']],
    ['LIMIT_STREAMS_PER_USER', ['0', 'many']],
    ['LOG_LEVEL', ['verbose', 'INFO']],
    ['AUTH_DEV', ['true', 'yes']],
    ['TRUSTED_DOCUMENTS_ONLY', ['true']],
  ])('%s', (name, values) => {
    for (const value of values) {
      const line = refusal({ [name]: value })
      expect(line).toMatch(new RegExp(`^${name}: takes .+`))
      expect(line).not.toContain('\n')
    }
  })
})

test('no refusal repeats a value, which may be a secret', () => {
  const secret = 'canary secret'
  for (const name of ['OPENAI_API_KEY', 'DATABASE_URL', 'REDIS_URL', 'OPENAI_BASE_URL', 'PORT', 'AUTH_JWT_SECRET']) {
    expect(refusal({ [name]: secret })).not.toContain(secret)
  }
  for (const name of ['OPENAI_BASE_URL', 'AUTH_JWKS_URL']) {
    expect(refusal({ [name]: 'https://me:canary@models.example' })).not.toContain('canary')
  }
})

test.each([
  ['TRUSTED_DOCUMENTS', 'documents.json'],
  ['LIMIT_TOKENS_PER_DAY', '1000'],
])('%s, which this version does not have, is not passed over in silence', (name, value) => {
  expect(refusal({ [name]: value })).toMatch(new RegExp(`^${name}: this version .+`))
})

test('the endpoint for traces, which platforms set for every program, is ignored with a warning', () => {
  const { warnings } = readSettings({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4318' })
  expect(warnings).toEqual(['OTEL_EXPORTER_OTLP_ENDPOINT is ignored: this version does not export traces yet'])
})

describe('what is contradictory is refused', () => {
  test.each<[Environment, string]>([
    [{ HOST: '0.0.0.0' }, 'HOST'],
    [{ HOST: 'chat.example' }, 'HOST'],
    [{ NODE_ENV: 'production' }, 'NODE_ENV'],
    [{ LEASE_MS: '400', FLUSH_MS: '50' }, 'LEASE_MS'],
    [{ UPSTREAM_IDLE_MS: '1000' }, 'UPSTREAM_IDLE_MS'],
  ])('%j', (env, name) => {
    expect(refusal(env)).toMatch(new RegExp(`^${name}: .+`))
  })

  test('two ways to name the upstreams', () => {
    const UPSTREAMS_FILE = upstreamsFile([{ name: 'a', baseUrl: 'http://a.example/v1' }])
    expect(refusal({ UPSTREAMS_FILE, OPENAI_API_KEY: 'sk-1' })).toMatch(/^UPSTREAMS_FILE: .*OPENAI_API_KEY/)
    expect(refusal({ UPSTREAMS_FILE, OPENAI_BASE_URL: 'http://b' })).toMatch(/^UPSTREAMS_FILE: .*OPENAI_BASE_URL/)
  })
})

describe('a proxy', () => {
  const direct = 'localhost,127.0.0.1,[::1]'

  test('is taken from the variables that other programs read, in small letters first, with a scheme or without', () => {
    expect(readSettings({}).proxy).toBeNull()
    expect(readSettings({ NO_PROXY: 'a.example' }).proxy).toBeNull()
    const env = { HTTPS_PROXY: 'http://a.example:3128', https_proxy: 'b.example:3128', no_proxy: 'models.example' }
    expect(readSettings(env).proxy).toEqual({
      httpsProxy: 'http://b.example:3128/',
      httpProxy: '',
      noProxy: `models.example,${direct}`,
    })
  })

  test('of another kind is refused, without its password', () => {
    const line = refusal({ HTTPS_PROXY: 'socks5://me:canary@proxy.example' })
    expect(line).toBe('HTTPS_PROXY: takes the http:// or https:// URL of a proxy')
  })
})

const plainForm = { omit: [], storeMetadata: false, sendReasoning: false }

describe('the upstream of OPENAI_API_KEY and OPENAI_BASE_URL', () => {
  const timeouts = { connectMs: 5000, firstByteMs: 60_000, idleMs: 60_000, totalMs: 600_000 }

  test('is OpenAI with a key alone', () => {
    const openai = {
      name: 'openai',
      models: ['*'],
      contextWindow: null,
      prices: {},
      timeouts,
      lenientEnd: false,
      allow: [],
      ...plainForm,
    }
    expect(readSettings({ OPENAI_API_KEY: 'sk-1' }).upstreams).toEqual([
      { ...openai, baseUrl: 'https://api.openai.com/v1', apiKey: 'sk-1' },
    ])
  })

  test('is a keyless server with an address alone', () => {
    const { upstreams } = readSettings({ OPENAI_BASE_URL: 'http://localhost:8000/v1/', UPSTREAM_IDLE_MS: '7' })
    expect(upstreams).toMatchObject([
      { baseUrl: 'http://localhost:8000/v1', apiKey: null, timeouts: { ...timeouts, idleMs: 7 } },
    ])
  })
})

describe('the upstreams of UPSTREAMS_FILE', () => {
  const local = { name: 'local', baseUrl: 'http://localhost:8000/v1' }

  test('come in order, with defaults, and with keys from the variables that they name', () => {
    const prices = { big: { promptPerMillion: 2.5, completionPerMillion: 10 } }
    const far = {
      name: 'far',
      baseUrl: 'https://far.example/v1/',
      apiKeyEnv: 'UPSTREAM_FAR_KEY',
      models: ['big*'],
      prices,
    }
    const form = { omit: ['user'], storeMetadata: true, sendReasoning: true }
    const UPSTREAMS_FILE = upstreamsFile([{ ...far, ...form, timeouts: { idleMs: 5 }, contextWindow: 8192 }, local])
    expect(readSettings({ UPSTREAMS_FILE, UPSTREAM_FAR_KEY: 'sk-far' }).upstreams).toEqual([
      {
        name: 'far',
        baseUrl: 'https://far.example/v1',
        apiKey: 'sk-far',
        models: ['big*'],
        contextWindow: 8192,
        prices,
        timeouts: { connectMs: 5000, firstByteMs: 60_000, idleMs: 5, totalMs: 600_000 },
        lenientEnd: false,
        allow: [],
        ...form,
      },
      expect.objectContaining({ name: 'local', apiKey: null, models: ['*'], ...plainForm }),
    ])
  })

  test.each<[string, unknown, RegExp]>([
    ['is no JSON', '[', /is not JSON/],
    ['is empty', [], /.+/],
    ['is no list', local, /.+/],
    ['has a glob of more than *', [{ ...local, models: ['gpt-4?'] }], /at 0\.models\.0: .*\*/],
    ['has an unknown key', [{ ...local, modles: ['*'] }], /at 0: .*modles/],
    ['has an unknown time-out', [{ ...local, timeouts: { idle: 5 } }], /at 0\.timeouts: .*idle/],
    ['has a time-out that is no number', [{ ...local, timeouts: { idleMs: '5' } }], /at 0\.timeouts\.idleMs: /],
    ['leaves out what no request can be without', [{ ...local, omit: ['user', 'n'] }], /at 0\.omit\.1: .*other than/],
    ['lacks an address', [local, { name: 'b' }], /at 1\.baseUrl: /],
    ['has one name twice', [local, local], /two upstreams named local/],
    ['has a password in an address', [{ ...local, baseUrl: 'http://me:word@b.example' }], /local .*without a user/],
    ['names a key that is not set', [{ ...local, apiKeyEnv: 'LOCAL_KEY' }], /LOCAL_KEY, which is not set/],
  ])('are refused when the file %s', (_what, content, reason) => {
    const line = refusal({ UPSTREAMS_FILE: upstreamsFile(content) })
    expect(line).toMatch(/^UPSTREAMS_FILE: /)
    expect(line).toMatch(reason)
    expect(line).not.toContain('\n')
  })

  test.each(['two words', 'line\nbreak', 'schlüssel'])('are refused with the key %j, by its variable', (key) => {
    const UPSTREAMS_FILE = upstreamsFile([{ ...local, apiKeyEnv: 'LOCAL_KEY' }])
    expect(refusal({ UPSTREAMS_FILE, LOCAL_KEY: key })).toBe('LOCAL_KEY: takes a key without spaces')
  })

  test('take a key without what stands around it', () => {
    const UPSTREAMS_FILE = upstreamsFile([{ ...local, apiKeyEnv: 'LOCAL_KEY' }])
    expect(readSettings({ UPSTREAMS_FILE, LOCAL_KEY: ' sk-1\n' }).upstreams).toMatchObject([{ apiKey: 'sk-1' }])
  })

  test.each(['DEFAULT_MODEL', 'TITLE_MODEL'])('have to serve the %s', (name) => {
    const UPSTREAMS_FILE = upstreamsFile([{ ...local, models: ['mole-*', 'vole'] }])
    expect(readSettings({ UPSTREAMS_FILE, [name]: 'mole-2' })).toBeTruthy()
    expect(refusal({ UPSTREAMS_FILE, [name]: 'shrew' })).toBe(
      `${name}: takes a model that the \`models\` of an upstream in UPSTREAMS_FILE match`,
    )
  })

  test('are refused when there is no such file', () => {
    expect(refusal({ UPSTREAMS_FILE: '/nowhere/upstreams.json' })).toContain('/nowhere/upstreams.json cannot be read')
  })
})
