import type { Environment, ServerProcess } from '../../harness/server-process.ts'
import type { Ground } from '../ground.ts'

/** A request, or many, that asks a server for much. */
export interface HeavyWork {
  name: string
  /** For its server. */
  settings?: Environment
  /** Brings about what has to be there before, which is not measured, and returns the work. Wrong answers are faults. */
  prepare(ground: HeavyGround): Promise<() => Promise<unknown>>
}

export interface HeavyGround extends Ground {
  server: ServerProcess
  /** DATABASE_URL, or DATA_DIR, of the server. */
  database: Environment
}
