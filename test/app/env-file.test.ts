import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readEnvironment } from '../../src/config.ts'

describe('the .env file', () => {
  function inFolder(envFile: string): void {
    const folder = mkdtempSync(join(tmpdir(), 'antiphon-env-'))
    const before = process.cwd()
    writeFileSync(join(folder, '.env'), envFile)
    process.chdir(folder)
    onTestFinished(() => {
      process.chdir(before)
      rmSync(folder, { recursive: true })
    })
  }

  test('sets what the environment does not', () => {
    inFolder('DRAIN_MS=5 # milliseconds\nLEASE_MS="7000"\n')
    process.env['LEASE_MS'] = '9000'
    onTestFinished(() => void delete process.env['LEASE_MS'])
    expect(readEnvironment()).toMatchObject({ drainMs: 5, leaseMs: 9000 })
  })

  test('is read by the rules of dotenv', () => {
    inFolder("  # LEASE_MS=1 is only a comment\n\texport DRAIN_MS=5\n  FLUSH_MS = '7' # milliseconds\n")
    expect(readEnvironment()).toMatchObject({ drainMs: 5, flushMs: 7, leaseMs: 10_000 })
  })

  test('may begin with the mark of an editor', () => {
    inFolder('\ufeffDRAIN_MS=5')
    expect(readEnvironment()).toMatchObject({ drainMs: 5 })
  })

  test('that cannot be read is named', () => {
    inFolder('')
    rmSync('.env')
    mkdirSync('.env')
    expect(readEnvironment).toThrow(/^\.env: cannot be read: EISDIR/)
  })

  test('is not read in production', () => {
    inFolder('DRAIN_MS=5')
    Object.assign(process.env, { NODE_ENV: 'production', AUTH_DEV: 'allow' })
    onTestFinished(() => {
      process.env['NODE_ENV'] = 'test'
      delete process.env['AUTH_DEV']
    })
    expect(readEnvironment()).toMatchObject({ drainMs: 10_000, production: true })
  })
})
