import { hostname } from 'node:os'
import { v7 as uuid } from 'uuid'
import type { Store } from '../../store/store.ts'

/** This process in the table of replicas. After the loss of its lease it continues under a new id. */
export interface Replica {
  id(): string
  readonly leaseMs: number
  /** Acquires a lease under a new id. Calls that overlap share one attempt. */
  join(): Promise<void>
  leave(): Promise<void>
}

export function createReplica({ replicas }: Store, leaseMs: number): Replica {
  let id = uuid()
  const name = `${hostname()} ${process.pid}`
  let joining: Promise<void> | null = null

  async function join() {
    const next = uuid()
    await replicas.join({ id: next, name, leaseMs })
    id = next
  }

  return {
    id: () => id,
    leaseMs,
    join() {
      joining ??= join().finally(() => {
        joining = null
      })
      return joining
    },
    leave: () => replicas.leave(id),
  }
}
