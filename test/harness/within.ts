import { setTimeout as delay } from 'node:timers/promises'

const stepMs = 50

/**
 * Rejects after this many milliseconds in which this process ran: if the whole machine is suspended, that time does not count.
 */
export async function within<Value>(ms: number, wait: Promise<Value>): Promise<Value> {
  const stopper = new AbortController()
  try {
    return await Promise.race([wait, lateAfter(ms, stopper.signal)])
  } finally {
    stopper.abort()
  }
}

async function lateAfter(ms: number, signal: AbortSignal): Promise<never> {
  for (let passedMs = 0; passedMs < ms; passedMs += stepMs) await delay(stepMs, undefined, { signal })
  throw new Error(`Not within ${ms} ms`)
}
