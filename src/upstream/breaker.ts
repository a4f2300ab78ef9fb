interface Run {
  failures: number
  /** on the clock of performance.now() */
  openUntil: number
  isTrialUnderWay: boolean
}

/** Keeps requests away from an upstream that fails for a model, so that they go to the next one at once. */
export interface Breaker {
  /** Whether to ask. After a while a single request is let through as a trial; its end has to be told. */
  admits(model: string): boolean
  /** It answers, if only with a refusal. */
  answered(model: string): void
  /** A request has failed before the first byte, all its retries included. */
  failed(model: string): void
  /** The caller left before anything was known. */
  abandoned(model: string): void
}

export const maxFailures = 5
const openMs = 10_000
// Clients name the models, and each that fails is kept.
const maxModels = 1_000

export function createBreaker(): Breaker {
  const runs = new Map<string, Run>()

  return {
    admits(model) {
      const run = runs.get(model)
      if (run === undefined || run.failures < maxFailures) return true
      if (run.isTrialUnderWay || performance.now() < run.openUntil) return false
      run.isTrialUnderWay = true
      return true
    },
    answered(model) {
      runs.delete(model)
    },
    failed(model) {
      const failures = (runs.get(model)?.failures ?? 0) + 1
      const [oldest] = runs.keys()
      if (!runs.has(model) && runs.size === maxModels && oldest !== undefined) runs.delete(oldest)
      runs.set(model, { failures, openUntil: performance.now() + openMs, isTrialUnderWay: false })
    },
    abandoned(model) {
      const run = runs.get(model)
      if (run !== undefined) run.isTrialUnderWay = false
    },
  }
}
