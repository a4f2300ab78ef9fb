import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type ConnectionOptions, createSecureContext } from 'node:tls'

export interface PostgresSettings {
  /** The URL without the parameters that are read here. */
  connectionString: string
  /** The options that pg passes to the TLS of Node; false for no TLS. */
  ssl: ConnectionOptions | false
  /** The schema that contains all tables; null if the role's search_path decides. */
  schema: string | null
}

type Environment = Record<string, string | undefined>
type SslParameter = (typeof sslParameters)[number]

const sslParameters = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey'] as const
const readHere = /^(schema|sslmode|sslrootcert|sslcert|sslkey)(=|$)/
const modes = 'disable, require, verify-ca or verify-full'
// Postgres truncates longer names.
const maxIdentifierBytes = 63

class Problem extends Error {}

/**
 * Reads the parameters that pg reads differently from libpq, or not at all: those for TLS by the rules of libpq
 * (https://www.postgresql.org/docs/current/libpq-ssl.html), and Prisma's `schema`. The variables of libpq, such as PGSSLMODE,
 * replace missing parameters for TLS. `problem` is one line for the person who wrote the URL.
 */
export function readPostgresUrl(url: string, environment: Environment = {}): PostgresSettings | { problem: string } {
  const [address = '', query = ''] = url.split(/\?(.*)/s)
  const parameters = new URLSearchParams(query)
  try {
    const schema = schemaIn(parameters)
    refuseUnknown(parameters)
    const ssl = sslOf((name) => parameters.get(name) ?? environment[`PG${name.toUpperCase()}`] ?? null)
    // As with libpq, there is no TLS over a Unix socket.
    const isSocket = parameters.get('host')?.startsWith('/')
    const rest = query.split('&').filter((pair) => pair !== '' && !readHere.test(pair))
    return {
      connectionString: [address, rest.join('&')].filter(Boolean).join('?'),
      ssl: isSocket ? false : ssl,
      schema,
    }
  } catch (error) {
    if (error instanceof Problem) return { problem: error.message }
    throw error
  }
}

function schemaIn(parameters: URLSearchParams): string | null {
  const schema = parameters.get('schema')
  if (schema === null) return null
  // Prisma writes the name between quotes without escaping it.
  if (schema === '' || /["\0]/.test(schema) || Buffer.byteLength(schema) > maxIdentifierBytes) {
    throw new Problem(`schema takes a name of 1 to ${maxIdentifierBytes} bytes, without quotes`)
  }
  return schema
}

/** A start that is refused is better than a setting that should protect and does not. */
function refuseUnknown(parameters: URLSearchParams): void {
  for (const name of parameters.keys()) {
    if (/^ssl/i.test(name) && !sslParameters.some((known) => known === name)) {
      throw new Problem(`of the parameters for TLS, takes ${sslParameters.join(', ')} alone`)
    }
  }
  const needsMode = sslParameters.find((name) => name !== 'sslmode' && parameters.has(name))
  if (needsMode && !parameters.has('sslmode')) throw new Problem(`${needsMode} takes a sslmode beside it: ${modes}`)
}

function sslOf(read: (name: SslParameter) => string | null): ConnectionOptions | false {
  const mode = read('sslmode') ?? 'disable'
  if (mode === 'disable') return false
  if (mode === 'allow' || mode === 'prefer') {
    throw new Problem(`sslmode=${mode} promises no encryption; takes ${modes}`)
  }
  if (!/^(require|verify-ca|verify-full)$/.test(mode)) throw new Problem(`sslmode takes ${modes}`)

  const certificates = certificatesOf(read)
  if (mode === 'verify-full') return certificates
  if (read('sslrootcert') === 'system') throw new Problem('sslrootcert=system takes sslmode=verify-full')
  // With the certificate of an authority, libpq's require means verify-ca: any host name is accepted.
  if (certificates.ca) return { ...certificates, checkServerIdentity: () => undefined }
  if (mode === 'verify-ca') throw new Problem('sslmode=verify-ca takes a sslrootcert beside it')
  return { ...certificates, rejectUnauthorized: false }
}

function certificatesOf(read: (name: SslParameter) => string | null): ConnectionOptions {
  const options: ConnectionOptions = {}
  const [authority, certificate, key] = [read('sslrootcert'), read('sslcert'), read('sslkey')]
  // Without sslrootcert, and with `system`, the trusted authorities are those of Node.
  if (authority !== null && authority !== 'system') options.ca = readCertificate('sslrootcert', authority)
  if ((certificate === null) !== (key === null)) throw new Problem('sslcert and sslkey take each other')
  if (certificate === null || key === null) return options
  options.cert = readCertificate('sslcert', certificate)
  options.key = readFile('sslkey', key)
  try {
    createSecureContext(options)
  } catch {
    throw new Problem(`sslkey takes the private key of sslcert, without a passphrase, which ${key} is not`)
  }
  return options
}

function readCertificate(name: string, path: string): string {
  const pem = readFile(name, path)
  try {
    // TLS would ignore a file that it cannot read, and trust no authority.
    new X509Certificate(pem)
  } catch {
    throw new Problem(`${name} takes a file of certificates in PEM, which ${path} is not`)
  }
  return pem
}

function readFile(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    throw new Problem(`${name} takes a file; ${path} cannot be read`)
  }
}
