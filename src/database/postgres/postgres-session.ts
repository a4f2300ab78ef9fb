import pg from 'pg'
import { StoreError } from '../error.ts'
import { type SessionLimits, sessionSettings } from '../session-settings.ts'

export interface SessionOptions {
  /** The schema that contains all tables; null if the role's search_path decides. */
  schema: string | null
  /** Creates a second client that is not connected yet. */
  another(): pg.Client
}

/** Prepares a new connection for our statements. Rejects with StoreError UNUSABLE if the connection is not suitable. */
export type BeginSession = (client: pg.ClientBase, moreSettings?: string) => Promise<void>

interface SessionRow {
  processId: number
  encoding: string
}

const rounds = 5

const inspectionSql = `SELECT pg_backend_pid() AS "processId", current_setting('server_encoding') AS encoding`

// Prisma writes the schema before each name and our own statements do not, and any schema of a search_path may contain tables
// of ours or of another program. So all statements use one schema: the one with the migrations, or else the one where they will
// be.
const pinnedSchema = `SELECT set_config('search_path', coalesce(
  (SELECT relnamespace::regnamespace::text FROM pg_class WHERE oid = to_regclass('_prisma_migrations')),
  quote_ident(current_schema())), false)`

/** Sets everything that is set in a session, and sets nothing before it is known that only we use the session. */
export function createSessionStart({ schema, another }: SessionOptions): (limits: SessionLimits) => BeginSession {
  const searchPath = schema === null ? pinnedSchema : `SET search_path TO ${pg.escapeIdentifier(schema)}`
  let isFit = false

  return (limits) => {
    const settings = `${sessionSettings(limits)}; ${searchPath}`
    return async (client, moreSettings = '') => {
      if (!isFit) await refuseUnfit(client, another)
      isFit = true
      await client.query(`${settings}; ${moreSettings}`)
    }
  }
}

async function refuseUnfit(client: pg.ClientBase, another: SessionOptions['another']): Promise<void> {
  const { encoding, processId } = await inspect(client)
  if (encoding !== 'UTF8') {
    throw unusable(`the database keeps its text in ${encoding}; takes one that was created with ENCODING 'UTF8'`)
  }
  // A pooler invents the process id that it reports to the client.
  const isPooled = 'processID' in client && client.processID !== processId
  if (isPooled && (await sharesSessions(client, another()))) {
    throw unusable(
      'a pooler before Postgres gives each transaction another session; ' +
        'set its pool_mode to session, or name Postgres itself',
    )
  }
}

function unusable(problem: string): StoreError {
  return new StoreError('UNUSABLE', `DATABASE_URL: ${problem}`)
}

async function inspect(client: pg.ClientBase): Promise<SessionRow> {
  const { rows } = await client.query<SessionRow>(inspectionSql)
  return rows[0] as SessionRow
}

/**
 * Whether one session ever serves both clients, or one client has more than one session. A pooler that reuses the most recently
 * used session shows it in the first round. A pooler that uses its sessions in turn gives the first client a different one each
 * time.
 */
async function sharesSessions(client: pg.ClientBase, other: pg.Client): Promise<boolean> {
  // Without a listener, the loss of the connection would end the process.
  other.on('error', () => {})
  try {
    await other.connect()
    const { processId } = await inspect(client)
    for (let round = 0; round < rounds; round++) {
      const others = await inspect(other)
      const own = [await inspect(client), await inspect(client)]
      if (others.processId === processId || own.some((session) => session.processId !== processId)) return true
    }
    return false
  } finally {
    // Closing a connection waits for an answer.
    void other.end()
  }
}
