import { useState } from 'react'
import { useSecondsUntil } from '../frame/use-seconds-until.ts'
import type { Answer } from '../message/answer.ts'

interface TroubleProps {
  problem: string
  rejection: Answer['rejection']
  /** Null if nothing can be tried again. */
  onRetry: (() => void) | null
}

/** Shows what went wrong, what to do, and when it can be done. */
export function Trouble({ problem, rejection, onRetry }: TroubleProps) {
  const [timeMs] = useState(() => retryTimeOf(rejection))
  const seconds = useSecondsUntil(timeMs)
  return (
    <div role="alert" className="problem">
      <p>
        {problem} {seconds > 0 && <span role="timer">You can ask again in {timeOf(seconds)}.</span>}
      </p>
      {onRetry && (
        <button type="button" disabled={seconds > 0} onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  )
}

function retryTimeOf(rejection: Answer['rejection']): number {
  if (rejection?.__typename === 'RateLimited') return Date.now() + rejection.retryAfterMs
  return rejection?.__typename === 'QuotaExceeded' ? Date.parse(rejection.resetsAt) : 0
}

function timeOf(seconds: number): string {
  if (seconds < 100) return `${seconds} s`
  return seconds < 6_000 ? `${Math.ceil(seconds / 60)} minutes` : `${Math.ceil(seconds / 3_600)} hours`
}
