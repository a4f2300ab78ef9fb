export type TimeoutCode = 'FIRST_BYTE_TIMEOUT' | 'IDLE_TIMEOUT' | 'TOTAL_TIMEOUT'

/** Enforces the time limits of one attempt with one timer, which no token resets. */
export interface Watchdog {
  /** From now on, the attempt ends with this code after so much time without progress. */
  expect(code: TimeoutCode, withinMs: number): void
  progress(): void
  stop(): void
}

// With a larger delay setTimeout fires at once.
const maxTimerMs = 2 ** 31 - 1

/** `deadline` is on the clock of performance.now(). */
export function createWatchdog(deadline: number, onTimeout: (code: TimeoutCode) => void): Watchdog {
  let code: TimeoutCode = 'TOTAL_TIMEOUT'
  let withinMs = Number.POSITIVE_INFINITY
  let since = performance.now()
  let timer: NodeJS.Timeout | undefined
  let lastCheck: NodeJS.Immediate | undefined

  function waits(): boolean {
    const leftMs = Math.min(since + withinMs, deadline) - performance.now()
    if (leftMs > 0) timer = setTimeout(check, Math.min(Math.ceil(leftMs), maxTimerMs))
    return leftMs > 0
  }

  function check() {
    if (waits()) return
    // After a stall of this process its timers fire before the data is read that arrived meanwhile. So the time is checked
    // again after that read.
    lastCheck = setImmediate(() => {
      if (!waits()) onTimeout(performance.now() >= deadline ? 'TOTAL_TIMEOUT' : code)
    })
  }

  function stop() {
    clearTimeout(timer)
    clearImmediate(lastCheck)
  }

  timer = setTimeout(check, 0)
  return {
    expect(nextCode, nextWithinMs) {
      code = nextCode
      withinMs = nextWithinMs
      since = performance.now()
      stop()
      check()
    },
    progress() {
      since = performance.now()
    },
    stop,
  }
}
