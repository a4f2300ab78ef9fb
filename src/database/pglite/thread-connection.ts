import { join } from 'node:path'
import { SHARE_ENV, Worker } from 'node:worker_threads'
import { messages } from '@electric-sql/pglite'
import { packageRoot } from '../migration-files.ts'
import type { PgliteConnection, Rows } from './pglite-connection.ts'
import type { PgliteAnswer, PgliteFault, PgliteRequest } from './pglite-thread.ts'

export interface ThreadConnection extends PgliteConnection {
  /** Identifies the request that the thread executes; null if the thread is idle. */
  underWay(): object | null
  /** Ends the thread at any point, as a crash would. All requests that it has not finished reject. */
  terminate(): Promise<void>
}

interface Waiting {
  resolve(rows: Rows | null): void
  reject(error: Error): void
}

/**
 * Opens a PGlite in a separate thread, so that a long statement delays only work that needs the database. `onLost` is called if
 * the thread ends by itself after the folder was opened.
 */
export async function openInThread(dataDir: string, onLost: (error: Error) => void): Promise<ThreadConnection> {
  // These are in the order in which the thread answers.
  const waiting: Waiting[] = []
  let isOpen = false
  let ended: Error | null = null
  // The path is the same for src and for the bundle.
  const worker = new Worker(join(packageRoot, '.build', 'pglite-thread.js'), {
    workerData: dataDir,
    env: SHARE_ENV,
    execArgv: [],
  })

  function answered(): Promise<Rows | null> {
    // The process must not end while an answer is awaited, and an idle thread must not keep it alive.
    worker.ref()
    return new Promise((resolve, reject) => waiting.push({ resolve, reject }))
  }

  function ask(request: PgliteRequest): Promise<Rows | null> {
    if (ended !== null) return Promise.reject(ended)
    worker.postMessage(request)
    return answered()
  }

  function end(error: Error) {
    if (ended !== null) return
    ended = error
    for (const { reject } of waiting.splice(0)) reject(error)
  }

  function lose(error: Error) {
    if (ended !== null) return
    end(error)
    if (isOpen) onLost(error)
  }

  worker.on('message', (answer: PgliteAnswer) => {
    const first = waiting.shift()
    if (waiting.length === 0) worker.unref()
    if (answer.kind === 'DONE') first?.resolve(answer.rows)
    else first?.reject(errorOf(answer.fault))
  })
  worker.on('error', (error) => lose(error instanceof Error ? error : new Error(String(error))))
  worker.on('exit', () => lose(new Error('The thread of the embedded database has ended')))
  await answered()
  isOpen = true

  async function terminate() {
    end(new Error('The embedded database is closed'))
    await worker.terminate()
  }

  return {
    async run(statement) {
      const rows = await ask({ kind: 'RUN', statement })
      if (rows === null) throw new Error('A statement has no result')
      return rows
    },
    async runScript(text) {
      await ask({ kind: 'RUN_SCRIPT', text })
    },
    async close() {
      await ask({ kind: 'CLOSE' })
      await terminate()
    },
    underWay: () => waiting[0] ?? null,
    terminate,
  }
}

function errorOf({ message, fields }: PgliteFault): Error {
  if (fields === null) return new Error(message)
  return Object.assign(new messages.DatabaseError(message, fields.length ?? 0, 'error'), fields)
}
