import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readSettings } from '../../src/config.ts'
import { refusal } from '../harness/refusal.ts'

const modes = 'disable, require, verify-ca or verify-full'

function fileOf(content: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'antiphon-config-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'file.pem')
  writeFileSync(path, content)
  return path
}

test.each([
  ['sslmode=on', `sslmode takes ${modes}`],
  ['sslmode=', `sslmode takes ${modes}`],
  ['sslmode=no-verify', `sslmode takes ${modes}`],
  ['sslmode=prefer', `sslmode=prefer promises no encryption; takes ${modes}`],
  ['sslmode=allow', `sslmode=allow promises no encryption; takes ${modes}`],
  ['sslmod=require', 'of the parameters for TLS, takes sslmode, sslrootcert, sslcert, sslkey alone'],
  ['ssl=true', 'of the parameters for TLS, takes sslmode, sslrootcert, sslcert, sslkey alone'],
  ['sslmode=verify-ca', 'sslmode=verify-ca takes a sslrootcert beside it'],
  ['sslmode=require&sslrootcert=system', 'sslrootcert=system takes sslmode=verify-full'],
  ['sslrootcert=/nowhere/ca.pem', `sslrootcert takes a sslmode beside it: ${modes}`],
  ['sslmode=verify-full&sslrootcert=/nowhere/ca.pem', 'sslrootcert takes a file; /nowhere/ca.pem cannot be read'],
  ['sslmode=require&sslcert=/nowhere/me.pem', 'sslcert and sslkey take each other'],
  ['schema=', 'schema takes a name of 1 to 63 bytes, without quotes'],
  [`schema=${'a'.repeat(64)}`, 'schema takes a name of 1 to 63 bytes, without quotes'],
])('a DATABASE_URL with %s is refused', (parameters, problem) => {
  expect(refusal({ DATABASE_URL: `postgres://me:word@db.example/chat?${parameters}` })).toBe(`DATABASE_URL: ${problem}`)
})

test('a file that holds no certificate is refused by its name', () => {
  const path = fileOf('not a certificate')
  expect(refusal({ DATABASE_URL: `postgres://db.example/chat?sslmode=verify-ca&sslrootcert=${path}` })).toBe(
    `DATABASE_URL: sslrootcert takes a file of certificates in PEM, which ${path} is not`,
  )
})

test('the variables of libpq stand in for what the DATABASE_URL does not say', () => {
  const DATABASE_URL = 'postgres://db.example/chat'
  expect(readSettings({ DATABASE_URL, PGSSLMODE: 'require' }).postgres?.ssl).toEqual({ rejectUnauthorized: false })
  expect(readSettings({ DATABASE_URL: `${DATABASE_URL}?sslmode=disable`, PGSSLMODE: 'require' }).postgres?.ssl).toBe(
    false,
  )
  expect(refusal({ DATABASE_URL, PGSSLMODE: 'on' })).toBe(`DATABASE_URL: sslmode takes ${modes}`)
})
