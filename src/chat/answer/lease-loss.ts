import type { Log } from '../access/log.ts'
import type { Replica } from './replica.ts'

/**
 * To be called when the lease was lost: goes on under a new id. `abandon` stops all that is streamed; it is called again
 * for what began under the old id meanwhile, since what comes of it must not be logged under the new one.
 */
export function createLeaseLoss(replica: Replica, abandon: () => void, log: Log): () => void {
  let isRejoining = false

  async function rejoin() {
    abandon()
    try {
      await replica.join()
      abandon()
    } catch (error) {
      log.error({ err: error }, 'the lease could not be taken up again; the next try follows')
    }
    isRejoining = false
  }

  return () => {
    if (isRejoining) return
    isRejoining = true
    log.error(
      { replicaId: replica.id() },
      'this server lost its lease; others end what it streamed, and it goes on under a new id',
    )
    void rejoin()
  }
}
