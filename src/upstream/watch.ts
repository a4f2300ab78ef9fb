export type TimeoutCode = 'FIRST_BYTE_TIMEOUT' | 'IDLE_TIMEOUT' | 'TOTAL_TIMEOUT'

/** Looks after one attempt's time limits with one timer, which is not touched per token. */
export interface Watch {
  /** From now on, this much silence ends the attempt. */
  expect(code: TimeoutCode, withinMs: number): void
  progress(): void
  stop(): void
}

// Above it setTimeout fires at once.
const longestTimerMs = 2 ** 31 - 1

/** `deadline` is on the clock of performance.now(). */
export function createWatch(deadline: number, onTimeout: (code: TimeoutCode) => void): Watch {
  let code: TimeoutCode = 'TOTAL_TIMEOUT'
  let withinMs = Number.POSITIVE_INFINITY
  let since = performance.now()
  let timer: NodeJS.Timeout | undefined

  function check() {
    const now = performance.now()
    const leftMs = Math.min(since + withinMs, deadline) - now
    if (leftMs > 0) {
      timer = setTimeout(check, Math.min(Math.ceil(leftMs), longestTimerMs))
      return
    }
    onTimeout(now >= deadline ? 'TOTAL_TIMEOUT' : code)
  }

  timer = setTimeout(check, 0)
  return {
    expect(nextCode, nextWithinMs) {
      code = nextCode
      withinMs = nextWithinMs
      since = performance.now()
      clearTimeout(timer)
      check()
    },
    progress() {
      since = performance.now()
    },
    stop() {
      clearTimeout(timer)
    },
  }
}
