import type { Store } from '../../store/store.ts'
import type { Log } from '../access/log.ts'
import { createPoller, type Poller } from '../access/poller.ts'

const periodMs = 10 * 60_000

/** Deletes the log entries of answers that ended longer ago than the retention time, within which viewers can resume. */
export function createPruning({ answerLog }: Store, retentionMs: number, log: Log): Poller {
  return createPoller({
    everyMs: periodMs,
    work: () => answerLog.prune(new Date(Date.now() - retentionMs)),
    onError: (error) =>
      log.warn({ err: error }, 'old log entries could not be deleted; the next attempt follows in ten minutes'),
  })
}
