import { execFile } from 'node:child_process'
import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { postgresIdentity } from './postgres.ts'

const run = promisify(execFile)

/** A private certificate authority with the certificates that it has signed, and another authority that has signed nothing. */
export interface Certificates {
  folder: string
  authority: string
  stranger: string
  /** For `localhost` only. The user that Postgres runs as owns the key. */
  server: KeyPair
  /** For the role postgres. */
  client: KeyPair
  remove(): Promise<void>
}

interface KeyPair {
  cert: string
  key: string
}

/** Creates the certificates with openssl. */
export async function makeCertificates(): Promise<Certificates> {
  const folder = await mkdtemp(join(tmpdir(), 'antiphon-certificates-'))
  const path = (name: string) => join(folder, name)
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

  async function selfSign(name: string): Promise<string> {
    const out = ['-keyout', path(`${name}.key`), '-out', path(`${name}.crt`)]
    await run('openssl', ['req', '-x509', ...key, '-subj', `/CN=${name}`, '-days', '2', ...out])
    return path(`${name}.crt`)
  }

  async function sign(name: string, host: string): Promise<KeyPair> {
    const pair = { cert: path(`${name}.crt`), key: path(`${name}.key`) }
    await run('openssl', ['req', ...key, '-subj', `/CN=${host}`, '-keyout', pair.key, '-out', path(`${name}.csr`)])
    await writeFile(path(`${name}.ext`), `subjectAltName = DNS:${host}\n`)
    const signer = ['-CA', path('authority.crt'), '-CAkey', path('authority.key'), '-CAcreateserial']
    const out = ['-extfile', path(`${name}.ext`), '-days', '2', '-out', pair.cert]
    await run('openssl', ['x509', '-req', '-in', path(`${name}.csr`), ...signer, ...out])
    return pair
  }

  const authority = await selfSign('authority')
  const stranger = await selfSign('stranger')
  const certificates = {
    authority,
    stranger,
    server: await sign('server', 'localhost'),
    client: await sign('client', 'postgres'),
  }
  await chmod(folder, 0o755)
  if (postgresIdentity.uid !== undefined)
    await chown(certificates.server.key, postgresIdentity.uid, postgresIdentity.gid)
  return { folder, ...certificates, remove: () => rm(folder, { recursive: true }) }
}
