import type { Bus } from '../../bus/bus.ts'

/** Tells other replicas which answers have new text in the log: all answers in one message, and not more often than needed. */
export interface AnswerNotifier {
  notify(completionId: string): void
  stop(): void
}

/** Messages are collected for `everyMs`, because NOTIFY takes a lock on the whole database at each commit. */
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
