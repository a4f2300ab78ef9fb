import { setImmediate as turn } from 'node:timers/promises'
import pg from 'pg'
import { lockTimeout, readOnly, statementTimeout } from '../error.ts'
import { createLine } from './postgres-line.ts'
import type { BeginSession } from './postgres-session.ts'

/** One connection on which statements are sent without waiting for the results of earlier ones. They are executed in order. */
export interface Pipeline {
  /** Sends the statement at once if the connection is open. See Database for `onSent`. */
  query(config: pg.QueryConfig, onSent?: () => void): Promise<pg.QueryResult>
  underWay(): number
  /** Whether a statement would be sent at once. */
  isOpen(): boolean
  /** How long the statements under way have waited without any answer, in milliseconds. */
  waitsMs(): number
  /** Statements that are under way end on the current connection; later ones are sent on a new connection. */
  renew(): void
  close(): Promise<void>
}

export interface PipelineOptions {
  begin: BeginSession
  /**
   * A statement that waits behind others rejects if the connection has not answered for this long. It is then unknown whether
   * the statement will be executed. The first in line does not reject: the time limits of its session end it.
   */
  patienceMs: number
  /** Called when the server says that it accepts no writes. */
  onReadOnly(): void
}

/** Errors of statements that were not sent, because there was no connection. */
const unsent = new WeakSet<object>()

export function createPipeline(connection: pg.ClientConfig, options: PipelineOptions): Pipeline {
  const { patienceMs, onReadOnly } = options
  const line = createLine(connection, options.begin)
  const asked: { sentMs: number }[] = []
  let answeredMs = 0

  function onError(client: pg.Client, error: unknown) {
    if (!(error instanceof pg.DatabaseError)) return line.leave(client)
    // An error from a time limit of the session is no sign of progress.
    if (error.code !== lockTimeout && error.code !== statementTimeout) answeredMs = performance.now()
    // The server sends a FATAL error before it closes a connection: the next statement must not be sent on that connection.
    if (error.severity === 'FATAL') line.leave(client)
    if (error.code === readOnly) onReadOnly()
  }

  async function submit(client: pg.Client, config: pg.QueryConfig, onSent: (() => void) | undefined) {
    const result = client.query(config)
    // The kernel has the whole statement and sends it even if this process ends now. Otherwise only the result can tell.
    if (client.connection.stream.writableLength === 0) onSent?.()
    try {
      const answer = await result
      answeredMs = performance.now()
      return answer
    } catch (error) {
      onError(client, error)
      throw error
    }
  }

  async function submitNamed(client: pg.Client, config: pg.QueryConfig, onSent: (() => void) | undefined) {
    try {
      return await submit(client, config, onSent)
    } catch (error) {
      if (!isLostName(error)) throw error
      // An earlier statement should have prepared this name, but failed. Nothing has been done yet.
      return submit(client, { ...config, name: undefined }, onSent)
    }
  }

  function open(): Promise<pg.Client> {
    return line.open().catch((error: object) => {
      unsent.add(error)
      throw error
    })
  }

  async function ask(config: pg.QueryConfig, onSent: (() => void) | undefined) {
    const place = { sentMs: performance.now() }
    asked.push(place)
    try {
      return await submitNamed(line.current() ?? (await open()), config, onSent)
    } finally {
      // It is usually the first. After `renew`, statements on the new connection can end before those on the old one.
      asked.splice(asked.indexOf(place), 1)
    }
  }

  /** Rejects if the connection falls silent while other statements are before this one. */
  function unlessSilent(answer: Promise<pg.QueryResult>): Promise<pg.QueryResult> {
    const place = asked.at(-1)
    const sentMs = performance.now()
    let isSettled = false
    return new Promise((resolve, reject) => {
      let timer = setTimeout(look, patienceMs)
      async function look() {
        // If this process itself was suspended or busy, the answers that arrived meanwhile are read only after this timer.
        await turn()
        if (isSettled || asked[0] === place) return
        const leftMs = patienceMs - (performance.now() - Math.max(sentMs, answeredMs))
        if (leftMs > 0) timer = setTimeout(look, leftMs)
        else reject(new Error(`The connection to the database has not answered for ${patienceMs} ms`))
      }
      answer.then(resolve, reject).finally(() => {
        isSettled = true
        clearTimeout(timer)
      })
    })
  }

  return {
    query(config, onSent) {
      const isFirst = asked.length === 0
      const answer = ask(config, onSent)
      return isFirst || patienceMs === Infinity ? answer : unlessSilent(answer)
    },
    underWay: () => asked.length,
    isOpen: () => line.current() !== null,
    waitsMs: () => (asked[0] === undefined ? 0 : performance.now() - Math.max(asked[0].sentMs, answeredMs)),
    renew() {
      const client = line.current()
      if (client !== null) line.leave(client)
    },
    close: line.close,
  }
}

/** Whether a prepared statement is missing, or exists already. */
function isLostName(error: unknown): boolean {
  return error instanceof pg.DatabaseError && (error.code === '26000' || error.code === '42P05')
}

export interface Pipelines {
  /** Rejects at once if no connection has answered for `patienceMs`, and otherwise like a pipeline. */
  query(config: pg.QueryConfig): Promise<pg.QueryResult>
  renew(): void
  close(): Promise<void>
}

/** Opens as many connections as are needed, up to `most`: a statement joins others only if all connections are busy. */
export function createPipelines(connection: pg.ClientConfig, most: number, options: PipelineOptions): Pipelines {
  const pipelines = Array.from({ length: most }, () => createPipeline(connection, options))
  const { patienceMs } = options

  // If this process itself was suspended or busy, no connection seems to answer until the answers that arrived are read.
  async function leastBusyNextTurn() {
    await turn()
    return leastBusy(pipelines, patienceMs)
  }

  return {
    async query(config) {
      const pipeline = leastBusy(pipelines, patienceMs) ?? (await leastBusyNextTurn())
      if (pipeline === null) throw new Error(`No connection to the database has answered for ${patienceMs} ms`)
      try {
        return await pipeline.query(config)
      } catch (error) {
        // If a new connection fails while an older one answers, the statement is sent on the older one and the caller gets no
        // error.
        const other = unsent.has(error as object) ? leastBusy(pipelines.filter(isOpen), patienceMs) : null
        if (other === null) throw error
        return other.query(config)
      }
    },
    renew() {
      for (const pipeline of pipelines) pipeline.renew()
    },
    async close() {
      await Promise.all(pipelines.map((pipeline) => pipeline.close()))
    },
  }
}

const isOpen = (pipeline: Pipeline) => pipeline.isOpen()

/** An idle pipeline, or the least busy one of those that answer; null if none answers. */
function leastBusy(pipelines: readonly Pipeline[], patienceMs: number): Pipeline | null {
  let best: Pipeline | null = null
  for (const pipeline of pipelines) {
    if (pipeline.underWay() === 0) return pipeline
    if (pipeline.waitsMs() < patienceMs && pipeline.underWay() < (best?.underWay() ?? Infinity)) best = pipeline
  }
  return best
}
