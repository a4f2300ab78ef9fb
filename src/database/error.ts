import { isDriverAdapterError } from '@prisma/driver-adapter-utils'

/**
 * UNAVAILABLE: the database cannot serve now; try again later. READ_ONLY: it accepts no writes now, but it can be read.
 * CONFLICT: another writer was faster, and nothing was done; try again. GONE: a row that the statement refers to was deleted
 * meanwhile. LOCKED: another process uses the data folder. TOO_LARGE: the result is larger than one read may return.
 * NEWER_DATABASE, MIGRATION, UNUSABLE: a person has to act first.
 */
export type StoreErrorCode =
  | 'UNAVAILABLE'
  | 'READ_ONLY'
  | 'CONFLICT'
  | 'GONE'
  | 'LOCKED'
  | 'TOO_LARGE'
  | 'NEWER_DATABASE'
  | 'MIGRATION'
  | 'UNUSABLE'

export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly code: StoreErrorCode

  constructor(code: StoreErrorCode, message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}

// https://www.postgresql.org/docs/current/errcodes-appendix.html
const conflicts = /^(40001|40P01|23505)$/
const missingReference = '23503'
const missingRight = '42501'
/** The SQLSTATE of a server that accepts no writes, such as a primary that another server has replaced. */
export const readOnly = '25006'
export const lockTimeout = '55P03'
export const statementTimeout = '57014'
const diskFull = '53100'
const refusals = /^(08|28|3D|53|57|58|55P03)/
// https://nodejs.org/docs/latest-v20.x/api/tls.html#x509-certificate-error-codes
const distrust = /CERT|UNABLE_TO_|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH|PATH_LENGTH/
// This is the text of an error of pg that has no code.
const noTls = /does not support SSL/
const adapterFaults = new Set(['DatabaseNotReachable', 'ConnectionClosed', 'SocketTimeout', 'TlsConnectionError'])

/**
 * Turns an error of a driver into a StoreError if the state of the database or of its data caused it. Returns any other error
 * unchanged.
 */
export function toStoreError(error: unknown): unknown {
  if (error instanceof StoreError || !(error instanceof Error)) return error
  const state = sqlState(error)
  if (state === readOnly || state === diskFull) {
    return new StoreError('READ_ONLY', `the database takes no writes now: ${reasonOf(error)}`, error)
  }
  const tlsProblem = state === undefined ? tlsProblemIn(error) : null
  if (tlsProblem !== null) return new StoreError('UNUSABLE', `DATABASE_URL: ${tlsProblem}`, error)
  if (state === undefined ? isConnectionFault(error) : refusals.test(state)) return unavailable(error)
  if (state === missingRight) {
    return new StoreError('UNUSABLE', `DATABASE_URL: its role may not do what is needed: ${reasonOf(error)}`, error)
  }
  if (state === missingReference) return new StoreError('GONE', 'what this refers to was deleted meanwhile', error)
  if (state !== undefined && conflicts.test(state)) {
    return new StoreError('CONFLICT', 'another writer was faster, try again', error)
  }
  return error
}

function tlsProblemIn(error: Error): string | null {
  if (noTls.test(error.message)) return `${error.message}; without TLS, it takes sslmode=disable`
  if (!('code' in error && distrust.test(String(error.code)))) return null
  return `the certificate of Postgres was refused: ${error.message}; sslrootcert takes the file of its authority`
}

function unavailable(cause: Error) {
  const reason = reasonOf(cause)
  return new StoreError('UNAVAILABLE', `the database cannot serve now${reason && `: ${reason}`}`, cause)
}

// If the connections to several addresses (::1, 127.0.0.1) fail, Node throws an AggregateError that has no message.
function reasonOf(error: Error): string {
  if (error instanceof AggregateError) return error.errors.map(String).join('; ')
  if (isDriverAdapterError(error)) return error.cause.originalMessage ?? error.cause.kind
  return error.message
}

function sqlState(error: Error): string | undefined {
  if (isDriverAdapterError(error)) return error.cause.originalCode
  return 'severity' in error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

// pg and PGlite throw plain Errors if a connection is lost, refused or not available, and TypeErrors for mistakes of the
// caller.
function isConnectionFault(error: Error) {
  if (isDriverAdapterError(error)) return adapterFaults.has(error.cause.kind)
  return !(error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError)
}

export async function withStoreErrors<T>(result: Promise<T>): Promise<T> {
  try {
    return await result
  } catch (error) {
    throw toStoreError(error)
  }
}
