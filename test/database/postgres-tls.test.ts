import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { readSettings } from '../../src/config.ts'
import { openDatabase } from '../../src/database/database.ts'
import { type Certificates, makeCertificates } from '../harness/certificates.ts'
import { createPerson } from '../harness/person.ts'
import { type Postgres, startPostgres } from '../harness/postgres.ts'
import { findProgram } from '../harness/program.ts'
import { spawnServer, startServer } from '../harness/server.ts'
import { startScriptedUpstream } from '../harness/upstream.ts'

// The end of the run names what is missing.
const isHere = findProgram('initdb') !== null && findProgram('openssl') !== null

const upstream = await startScriptedUpstream()
let postgres: Postgres | null = null
let certificates: Certificates

beforeAll(async () => {
  if (!isHere) return
  certificates = await makeCertificates()
  const { server, authority } = certificates
  const files = { ssl_cert_file: server.cert, ssl_key_file: server.key, ssl_ca_file: authority }
  postgres = await startPostgres({ fsync: 'off', ssl: 'on', ...files })
})

afterAll(async () => {
  await upstream.close()
  await postgres?.stop()
  await certificates?.remove()
})

/** The Postgres by a host name and parameters. */
function urlOf(host: string, parameters: Record<string, string>): string {
  const url = new URL(postgres?.url ?? '')
  url.hostname = host
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return url.href
}

/** How the server sees a session of this URL. */
async function sessionOf(url: string) {
  const database = await openDatabase(readSettings({ DATABASE_URL: url }))
  onTestFinished(() => database.close())
  const [session] = await database.query(
    'SELECT ssl AS "isEncrypted", client_dn AS client FROM pg_stat_ssl WHERE pid = pg_backend_pid()',
  )
  return session
}

describe.runIf(isHere)('a Postgres whose certificate is signed by a private authority', () => {
  test('is served from by sslmode=require alone, on every connection', async () => {
    const url = urlOf('127.0.0.1', { sslmode: 'require' })
    const server = await startServer({ DATABASE_URL: url, OPENAI_BASE_URL: upstream.baseUrl })
    const { completion } = await createPerson(server.url, 'alice').ask('What digs?')
    expect(completion.status).toBe('COMPLETED')
    const database = await openDatabase(readSettings({ DATABASE_URL: url }))
    onTestFinished(() => database.close())
    const text = `SELECT count(*) AS plain FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
      WHERE application_name LIKE 'antiphon%' AND NOT ssl`
    expect(await database.query(text)).toEqual([{ plain: 0 }])
    await server.close()
  })

  test.each([
    ['require', '127.0.0.1'],
    ['verify-ca', '127.0.0.1'],
    ['verify-full', 'localhost'],
  ])('is trusted by sslmode=%s at %s with the certificate of that authority', async (sslmode, host) => {
    const url = urlOf(host, { sslmode, sslrootcert: certificates.authority })
    expect(await sessionOf(url)).toEqual({ isEncrypted: true, client: null })
  })

  test.each([
    ['require', '127.0.0.1', 'stranger'],
    ['verify-ca', '127.0.0.1', 'stranger'],
    ['verify-full', 'localhost', 'stranger'],
    ['verify-full', '127.0.0.1', 'authority'],
  ] as const)('is not trusted by sslmode=%s at %s with the certificate of the %s', async (sslmode, host, signer) => {
    const url = urlOf(host, { sslmode, sslrootcert: certificates[signer] })
    await expect(sessionOf(url)).rejects.toMatchObject({
      code: 'UNUSABLE',
      message: expect.stringMatching(/^DATABASE_URL: the certificate of Postgres was refused: .*sslrootcert/),
    })
  })

  test('is shown the certificate of the client', async () => {
    const { authority, client } = certificates
    const files = { sslrootcert: authority, sslcert: client.cert, sslkey: client.key }
    const url = urlOf('localhost', { sslmode: 'verify-full', ...files })
    expect(await sessionOf(url)).toEqual({ isEncrypted: true, client: '/CN=postgres' })
  })

  test('is reached without TLS by sslmode=disable, and where none is named', async () => {
    for (const parameters of [{ sslmode: 'disable' }, {}] as Record<string, string>[]) {
      expect(await sessionOf(urlOf('127.0.0.1', parameters))).toEqual({ isEncrypted: false, client: null })
    }
  })

  test('that Node does not know stops the start by sslmode=verify-full with one line', async () => {
    const start = spawnServer({ DATABASE_URL: urlOf('localhost', { sslmode: 'verify-full' }) })
    await expect(start).rejects.toThrow(/exited with 1: antiphon: DATABASE_URL: the certificate [^\n]*refused[^\n]*\n$/)
  })
})
