import { describe, expect, test } from 'vitest'
import { readSettings } from '../../src/config.ts'
import { refusal } from '../harness/refusal.ts'

describe('a name that is no setting', () => {
  test.each([
    ['DATABSE_URL', 'DATABASE_URL'],
    ['DATABASE_ULR', 'DATABASE_URL'],
    ['OPENAI_APIKEY', 'OPENAI_API_KEY'],
    ['OPENAI_BASE_URI', 'OPENAI_BASE_URL'],
    ['UPSTREAM_FILE', 'UPSTREAMS_FILE'],
    ['ALLOWED_ORIGIN', 'ALLOWED_ORIGINS'],
    ['LIMIT_STREAM_PER_USER', 'LIMIT_STREAMS_PER_USER'],
  ])('%s is refused, and %s suggested', (name, meant) => {
    expect(refusal({ [name]: 'x' })).toBe(`${name}: no such setting; did you mean ${meant}?`)
  })

  test.each(['AUTH_JWT_KEY', 'LIMIT_REQUESTS', 'UPSTREAM_TIMEOUT', 'DRAIN_SECONDS'])('%s is refused', (name) => {
    expect(refusal({ [name]: 'x' })).toBe(`${name}: no such setting`)
  })

  test('is refused in a .env file whatever it is, but for those of Node and Vite', () => {
    expect(refusal({}, { COLOUR: 'red' })).toBe('COLOUR: no such setting')
    expect(refusal({}, { POTR: '4000' })).toBe('POTR: no such setting; did you mean PORT?')
    expect(readSettings({}, { NODE_OPTIONS: '--inspect', VITE_TITLE: 'x' })).toEqual(readSettings({}))
  })

  test('is left alone where it is ordinary in an environment', () => {
    const ordinary = [
      ...['HOSTNAME', 'LOGNAME', 'HOST_IP', 'PORT_HTTP', 'PORTS', 'HOME', 'PATH', 'PWD', 'TERM', 'USER', 'CI', 'LANG'],
      ...[
        'DATABASE_USER',
        'DATABASE_SSL',
        'DATABASE_HOST',
        'PGHOST',
        'PGDATA',
        'REDIS_HOST',
        'REDIS_PORT',
        'REDIS_TLS_URL',
      ],
      ...['OPENAI_ORG_ID', 'OPENAI_PROJECT_ID', 'OPENAI_API_TYPE', 'LOGLEVEL', 'DATADIR', 'META_DIR', 'XDG_DATA_DIRS'],
      ...['AUTHORIZATION', 'LIMITS', 'OTEL_SERVICE_NAME', 'KUBERNETES_PORT', 'npm_config_loglevel', 'NODE_PATH'],
    ]
    expect(readSettings(Object.fromEntries(ordinary.map((name) => [name, 'x'])))).toEqual(readSettings({}))
  })

  test('is left alone where Kubernetes, or a library for traces, sets it', () => {
    const injected = {
      AUTH_SERVICE_HOST: '10.0.0.1',
      AUTH_SERVICE_PORT: '80',
      AUTH_SERVICE_PORT_HTTP: '80',
      AUTH_PORT: 'tcp://10.0.0.1:80',
      AUTH_PORT_80_TCP: 'tcp://10.0.0.1:80',
      AUTH_PORT_80_TCP_PROTO: 'tcp',
      AUTH_PORT_80_TCP_PORT: '80',
      AUTH_PORT_80_TCP_ADDR: '10.0.0.1',
      UPSTREAM_LLM_SERVICE_HOST: '10.0.0.2',
      LIMIT_PORT: 'udp://10.0.0.3:53',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      OTEL_EXPORTER_OTLP_ENDPOINTS: 'x',
    }
    expect(readSettings(injected)).toEqual(readSettings({}))
    expect(readSettings({}, injected)).toEqual(readSettings({}))
    expect(refusal({ AUTH_PORT: '4000' })).toBe('AUTH_PORT: no such setting')
    expect(refusal({ AUTH_SERVICE: 'tcp://10.0.0.1:80' })).toBe('AUTH_SERVICE: no such setting')
  })

  test('is left alone where the setting that it resembles is set beside it', () => {
    expect(readSettings({ REDIS_URI: 'x', REDIS_URL: 'redis://a' })).toMatchObject({ redisUrl: 'redis://a' })
  })
})
