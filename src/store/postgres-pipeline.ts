import pg from 'pg'
import { plannerSettings } from './planner.ts'

/** One connection on which statements do not wait for the results of those before them; they are done in their order. */
export interface Pipeline {
  /** `onSent` as Database says of it. Sends at once, where it is connected. */
  query(config: pg.QueryConfig, onSent?: () => void): Promise<pg.QueryResult>
  underWay(): number
  /** How long nothing has been answered of those under way. */
  waitsMs(): number
  close(): Promise<void>
}

/** Connects when first asked something, and again after a loss. */
export function createPipeline(options: pg.ClientConfig): Pipeline {
  const sentMs: number[] = []
  let current: Promise<pg.Client> | null = null
  let connected: pg.Client | null = null
  let answeredMs = 0
  let isClosed = false

  async function connect(): Promise<pg.Client> {
    if (isClosed) throw new Error('The database was closed')
    const client = new pg.Client({ ...options, pipeline: true })
    // Without a listener, its loss would end the process. Whoever waits for a result is told by that.
    client.on('error', () => forget(client))
    client.on('end', () => forget(client))
    await client.connect()
    // Nothing waits for it: what comes after it is done after it.
    client.query(plannerSettings).catch(() => {})
    connected = client
    return client
  }

  function connectOnce(): Promise<pg.Client> {
    const connecting = current ?? connect()
    current = connecting
    connecting.catch(() => {
      if (current === connecting) current = null
    })
    return connecting
  }

  function forget(client: pg.Client) {
    if (connected !== client) return
    connected = null
    current = null
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
      if (error instanceof pg.DatabaseError) answeredMs = performance.now()
      // The server says so before it ends a connection: the next statement must not be sent into that.
      if (!(error instanceof pg.DatabaseError) || error.severity === 'FATAL') forget(client)
      throw error
    }
  }

  return {
    async query(config, onSent) {
      sentMs.push(performance.now())
      try {
        return await submit(connected ?? (await connectOnce()), config, onSent)
      } finally {
        sentMs.shift()
      }
    },
    underWay: () => sentMs.length,
    waitsMs: () => (sentMs[0] === undefined ? 0 : performance.now() - Math.max(sentMs[0], answeredMs)),
    async close() {
      isClosed = true
      const client = await current?.catch(() => null)
      if (client) forget(client)
      await client?.end()
    },
  }
}

export interface Pipelines {
  /** Rejects at once where none has answered for `patienceMs`. */
  query(config: pg.QueryConfig): Promise<pg.QueryResult>
  close(): Promise<void>
}

/** As many as are needed, up to `most`: a statement joins others only where all are busy. */
export function createPipelines(options: pg.ClientConfig, most: number, patienceMs: number): Pipelines {
  const pipelines = Array.from({ length: most }, () => createPipeline(options))

  function leastBusy(): Pipeline | null {
    let best: Pipeline | null = null
    for (const pipeline of pipelines) {
      if (pipeline.underWay() === 0) return pipeline
      if (pipeline.waitsMs() < patienceMs && pipeline.underWay() < (best?.underWay() ?? Infinity)) best = pipeline
    }
    return best
  }

  return {
    async query(config) {
      const pipeline = leastBusy()
      if (pipeline === null) throw new Error(`No connection to the database has answered for ${patienceMs} ms`)
      return pipeline.query(config)
    },
    async close() {
      await Promise.all(pipelines.map((pipeline) => pipeline.close()))
    },
  }
}
