/** Runs some work periodically, and soon after each wake-up. Two runs never overlap. */
export interface Poller {
  start(): void
  /** Runs the work now or, while it runs, once more right after that. */
  wake(): void
  stop(): void
}

export interface PollerOptions {
  everyMs: number
  work(): Promise<unknown>
  /** Called if the work rejects. The next run follows anyway. */
  onError(error: unknown): void
}

export function createPoller({ everyMs, work, onError }: PollerOptions): Poller {
  let timer: NodeJS.Timeout | undefined
  let isRunning = false
  let isWoken = false

  async function run() {
    if (isRunning) return
    isRunning = true
    do {
      isWoken = false
      await work().catch(onError)
    } while (isWoken)
    isRunning = false
  }

  return {
    start() {
      timer = setInterval(() => void run(), everyMs)
    },
    wake() {
      isWoken = true
      void run()
    },
    stop() {
      clearInterval(timer)
      isWoken = false
    },
  }
}
