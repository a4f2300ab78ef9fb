import { setImmediate as turn } from 'node:timers/promises'
import pg from 'pg'
import { lockTimeout, readOnly, statementTimeout } from '../error.ts'
import { createLine } from './postgres-line.ts'
import type { BeginSession } from './postgres-session.ts'

/** One connection on which statements do not wait for the results of those before them; they are done in their order. */
export interface Pipeline {
  /** `onSent` as Database says of it. Sends at once, where it is connected. */
  query(config: pg.QueryConfig, onSent?: () => void): Promise<pg.QueryResult>
  underWay(): number
  /** Whether a statement would be sent at once. */
  isOpen(): boolean
  /** How long nothing has been answered of those under way. */
  waitsMs(): number
  /** What is under way comes to its end; what is asked next is asked on a new connection. */
  renew(): void
  close(): Promise<void>
}

export interface PipelineOptions {
  begin: BeginSession
  /**
   * Whoever stands behind others is let go where the connection has not answered for so long. Whether their statement will
   * be done is not known then. The first in line is not let go: the limits of its session end it.
   */
  patienceMs: number
  /** Called when the server says that it takes no writes. */
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
    // A limit of the session tells that nothing moves.
    if (error.code !== lockTimeout && error.code !== statementTimeout) answeredMs = performance.now()
    // The server says so before it ends a connection: the next statement must not be sent into that.
    if (error.severity === 'FATAL') line.leave(client)
    if (error.code === readOnly) onReadOnly()
  }

  async function submit(client: pg.Client, config: pg.QueryConfig, onSent: (() => void) | undefined) {
    const result = client.query(config)
    // All of it is with the kernel, which hands it over also where this process ends now; else the result tells.
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
      // It was to be prepared by the one before it, which failed. Nothing was done yet.
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
      // Mostly the first; not where the connection was renewed, and another comes to its end meanwhile.
      asked.splice(asked.indexOf(place), 1)
    }
  }

  /** Rejects where the connection falls silent while others are first. */
  function unlessSilent(answer: Promise<pg.QueryResult>): Promise<pg.QueryResult> {
    const place = asked.at(-1)
    const sentMs = performance.now()
    let isSettled = false
    return new Promise((resolve, reject) => {
      let timer = setTimeout(look, patienceMs)
      async function look() {
        // Where this process stood still itself, the answers are read after this timer.
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

/** A prepared statement that is not there, or there already. */
function isLostName(error: unknown): boolean {
  return error instanceof pg.DatabaseError && (error.code === '26000' || error.code === '42P05')
}

export interface Pipelines {
  /** Rejects at once where none has answered within the patience, and as a pipeline does. */
  query(config: pg.QueryConfig): Promise<pg.QueryResult>
  renew(): void
  close(): Promise<void>
}

/** As many as are needed, up to `most`: a statement joins others only where all are busy. */
export function createPipelines(connection: pg.ClientConfig, most: number, options: PipelineOptions): Pipelines {
  const pipelines = Array.from({ length: most }, () => createPipeline(connection, options))
  const { patienceMs } = options

  // Where this process stood still itself, none seems to answer until the answers are read.
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
        // Nobody hears of a new connection that fails while an older one answers.
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

/** Of those that answer. */
function leastBusy(pipelines: readonly Pipeline[], patienceMs: number): Pipeline | null {
  let best: Pipeline | null = null
  for (const pipeline of pipelines) {
    if (pipeline.underWay() === 0) return pipeline
    if (pipeline.waitsMs() < patienceMs && pipeline.underWay() < (best?.underWay() ?? Infinity)) best = pipeline
  }
  return best
}
