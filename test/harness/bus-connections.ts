import pg from 'pg'
import { createClient } from 'redis'

/**
 * The connections to the database in the URL, as the database server sees them. Tests share the server, so each has a database
 * of its own.
 */
export interface BusConnections {
  list(): Promise<string[]>
  cut(): Promise<void>
}

export function postgresConnections(url: string, adminUrl: string): BusConnections {
  const database = new URL(url).pathname.slice(1)

  async function ask(expression: string) {
    const client = new pg.Client(adminUrl)
    await client.connect()
    const text = `SELECT ${expression} AS answer FROM pg_stat_activity WHERE datname = $1`
    const { rows } = await client.query<{ answer: string }>(text, [database]).finally(() => client.end())
    return rows.map(({ answer }) => answer)
  }

  return {
    list: () => ask('pid::text'),
    async cut() {
      await ask('pg_terminate_backend(pid)')
    },
  }
}

export function redisConnections(url: string, adminUrl: string): BusConnections {
  const database = new URL(url).pathname.slice(1)

  async function withClient<T>(work: (send: (words: string[]) => Promise<unknown>) => Promise<T>): Promise<T> {
    const client = createClient({ url: adminUrl })
    await client.connect()
    return work((words) => client.sendCommand(words)).finally(() => client.destroy())
  }

  async function list() {
    const lines = await withClient((send) => send(['CLIENT', 'LIST']))
    const ours = `${lines}`.split('\n').filter((line) => line.includes(` db=${database} `))
    return ours.map((line) => /id=(\d+)/.exec(line)?.[1] ?? '')
  }

  return {
    list,
    async cut() {
      const ids = await list()
      await withClient((send) => Promise.all(ids.map((id) => send(['CLIENT', 'KILL', 'ID', id]))))
    },
  }
}
