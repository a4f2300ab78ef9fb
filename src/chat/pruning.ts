import type { Store } from '../store/store.ts'
import type { Log } from './log.ts'

/** Drops the log entries of answers that ended longer ago than viewers may come back for. */
export interface Pruning {
  start(): void
  stop(): void
}

const periodMs = 10 * 60_000

export function createPruning({ answerLog }: Store, retentionMs: number, log: Log): Pruning {
  let timer: NodeJS.Timeout | undefined

  async function prune() {
    try {
      await answerLog.prune(new Date(Date.now() - retentionMs))
    } catch (error) {
      log.warn({ err: error }, 'old log entries could not be dropped; the next try follows')
    }
  }

  return {
    start() {
      timer = setInterval(() => void prune(), periodMs)
    },
    stop: () => clearInterval(timer),
  }
}
