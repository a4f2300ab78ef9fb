import { useEffect, useState } from 'react'

/** How many seconds are left; 0 when it is over. */
export function useSecondsUntil(timeMs: number): number {
  const [nowMs, setNowMs] = useState(Date.now)
  const left = Math.max(0, Math.ceil((timeMs - nowMs) / 1_000))
  useEffect(() => {
    if (left === 0) return
    const timer = setInterval(() => setNowMs(Date.now()), 250)
    return () => clearInterval(timer)
  }, [left])
  return left
}
