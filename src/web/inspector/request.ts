import type { LoggedOperation } from '../connection/operation-log.ts'

export interface Request extends Pick<LoggedOperation, 'kind' | 'name' | 'document' | 'variables'> {
  /** The URL of the GraphQL endpoint. */
  url: string
  /** Null if nobody is signed in. */
  authorization: string | null
}
