interface Run {
  failures: number
  /** on the clock of performance.now() */
  openUntil: number
  isTrialUnderWay: boolean
}

/** Keeps requests away from an upstream that fails for a model, so that they go to the next one at once. */
export interface Breaker {
  /**
   * Whether the upstream may be asked. When it has rested, a single request is admitted as a trial, whose end must be reported
   * here.
   */
  admits(model: string): boolean
  /** The upstream has answered, possibly with a refusal. */
  answered(model: string): void
  /** A request and all its retries have failed before the first byte. */
  failed(model: string): void
  /** The caller left before the result of the request was known. */
  abandoned(model: string): void
}

export const maxFailures = 5
const openMs = 10_000
// Clients choose the names of the models, and each name that fails is kept.
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
