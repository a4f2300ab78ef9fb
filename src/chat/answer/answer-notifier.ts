import type { Bus } from '../../bus/bus.ts'

/** Tells other replicas which answers moved, all of them at once and not too often. */
export interface AnswerNotifier {
  notify(completionId: string): void
  stop(): void
}

/** A wake-up for each commit would be too many: NOTIFY takes a lock on the whole database. */
export function createAnswerNotifier(bus: Bus, everyMs: number): AnswerNotifier {
  const moved = new Set<string>()
  let timer: NodeJS.Timeout | undefined

  function tell() {
    timer = undefined
    bus.publish('moved', [...moved])
    moved.clear()
  }

  return {
    notify(completionId) {
      moved.add(completionId)
      timer ??= setTimeout(tell, everyMs)
    },
    stop: () => clearTimeout(timer),
  }
}
