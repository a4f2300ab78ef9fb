import type { Log } from '../access/log.ts'
import type { Replica } from './replica.ts'

/**
 * Returns a function to call when the lease was lost: the replica then takes a new lease under a new id. `abandon` stops all
 * active answers. It is called twice, because an answer that was started under the old id while the replica waited for its new
 * lease must not be logged under the new id.
 */
export function createLeaseLoss(replica: Replica, abandon: () => void, log: Log): () => void {
  let isRejoining = false

  async function rejoin() {
    abandon()
    try {
      await replica.join()
      abandon()
    } catch (error) {
      log.error({ err: error }, 'no new lease could be acquired; the next attempt follows')
    }
    isRejoining = false
  }

  return () => {
    if (isRejoining) return
    isRejoining = true
    log.error(
      { replicaId: replica.id() },
      'this server lost its lease; other servers end its active answers, and it continues under a new id',
    )
    void rejoin()
  }
}
