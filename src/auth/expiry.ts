// With a larger delay setTimeout fires at once.
const maxTimerMs = 2 ** 31 - 1

/** Calls back at the given time, or at once if it has passed. Returns a function that cancels the call. */
export function callAt(time: Date, callback: () => void): () => void {
  let timer: NodeJS.Timeout | undefined

  function wait() {
    const leftMs = time.getTime() - Date.now()
    if (leftMs <= 0) timer = setTimeout(callback)
    else timer = setTimeout(wait, Math.min(leftMs, maxTimerMs))
  }

  wait()
  return () => clearTimeout(timer)
}
