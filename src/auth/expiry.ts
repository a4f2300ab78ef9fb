// Above setTimeout's upper bound a timer fires at once.
const maxTimerMs = 2 ** 31 - 1

/** Calls back when the time has come, at once where it is over; returns what calls it off. */
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
