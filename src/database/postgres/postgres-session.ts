import pg from 'pg'
import { StoreError } from '../error.ts'
import { type SessionLimits, sessionSettings } from '../session-settings.ts'

export interface SessionOptions {
  /** The schema that holds all tables; null where the role's search_path decides. */
  schema: string | null
  /** A second client, not connected yet. */
  another(): pg.Client
}

/** Makes a connection that has just been made fit for our statements. Rejects with StoreError UNUSABLE where it cannot. */
export type BeginSession = (client: pg.ClientBase, moreSettings?: string) => Promise<void>

interface SessionRow {
  processId: number
  encoding: string
}

const rounds = 5

const inspectionSql = `SELECT pg_backend_pid() AS "processId", current_setting('server_encoding') AS encoding`

// Prisma writes the schema before each name and our own statements do not, and in each schema of a search_path there may be
// tables of ours or of somebody else's. So all go to one: where the migrations are, or else where they will be.
const pinnedSchema = `SELECT set_config('search_path', coalesce(
  (SELECT relnamespace::regnamespace::text FROM pg_class WHERE oid = to_regclass('_prisma_migrations')),
  quote_ident(current_schema())), false)`

/** All that is set in a session is set here, and nothing before the session is known to be ours alone. */
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
  // A pooler makes up what it tells the client about its process.
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
 * Whether one session ever serves both, or either has more than one. A pooler that lends the session used last shows it in
 * the first round; one that lends them in turn, by giving the first client another each time.
 */
async function sharesSessions(client: pg.ClientBase, other: pg.Client): Promise<boolean> {
  // Without a listener, its loss would end the process.
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
    // Saying goodbye waits for an answer.
    void other.end()
  }
}
