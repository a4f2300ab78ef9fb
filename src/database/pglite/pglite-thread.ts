import { parentPort, workerData } from 'node:worker_threads'
import { messages, PGlite } from '@electric-sql/pglite'
import { connectPglite, type Rows, type Statement } from './pglite-connection.ts'

// This module runs in a separate thread, from a separate bundle.

export type PgliteRequest =
  | { kind: 'RUN'; statement: Statement }
  | { kind: 'RUN_SCRIPT'; text: string }
  | { kind: 'CLOSE' }

/** The first answer says that the folder is open. Each further answer is for one request, in the order of the requests. */
export type PgliteAnswer = { kind: 'DONE'; rows: Rows | null } | { kind: 'FAILED'; fault: PgliteFault }

/** The description of an error, because an Error that is sent to another thread loses its class and its fields. */
export interface PgliteFault {
  message: string
  /** What Postgres reports, such as the SQLSTATE; null if the error is not from Postgres. */
  fields: Partial<messages.DatabaseError> | null
}

// Postgres initializes all of its buffers at the start. With its default of 128 MB that is most of the time of a start and most of
// the memory of a server at rest. Pages that are not in these buffers are in those of the operating system.
const startParams = [...PGlite.defaultStartParams, '-c', 'shared_buffers=16MB']

// If the folder cannot be opened, the thread ends with the error.
const connection = connectPglite(await PGlite.create({ dataDir: workerData, startParams }))
answer({ kind: 'DONE', rows: null })
parentPort?.on('message', (request: PgliteRequest) => {
  execute(request).then(
    (rows) => answer({ kind: 'DONE', rows }),
    (error: unknown) => answer({ kind: 'FAILED', fault: faultOf(error) }),
  )
})

async function execute(request: PgliteRequest): Promise<Rows | null> {
  if (request.kind === 'RUN') return connection.run(request.statement)
  await (request.kind === 'CLOSE' ? connection.close() : connection.runScript(request.text))
  return null
}

function answer(message: PgliteAnswer) {
  parentPort?.postMessage(message)
}

function faultOf(error: unknown): PgliteFault {
  const message = error instanceof Error ? error.message : String(error)
  return { message, fields: error instanceof messages.DatabaseError ? { ...error } : null }
}
