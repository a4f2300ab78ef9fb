import type { Reporter, TestModule } from 'vitest/node'

/** Prints, at the end of the run, what could not be tested here and, as the last line, the totals of all projects. */
export function totals(missing: string[], requireServices: boolean): Reporter {
  return {
    onTestRunEnd(modules, unhandledErrors) {
      const tests = modules.flatMap((module) => [...module.children.allTests()])
      const count = (...states: string[]) => tests.filter((test) => states.includes(test.result().state)).length
      const failed = count('failed', 'pending') + modules.filter(failedOutsideTests).length + unhandledErrors.length

      for (const service of missing) console.log(`Not run: ${service}`)
      if (requireServices && missing.length > 0) {
        console.log('REQUIRE_SERVICES is set, so what was not run is a failure')
        process.exitCode = 1
      }
      console.log(`${count('passed')} passed, ${failed} failed, ${count('skipped')} skipped`)
    },
  }
}

function failedOutsideTests(module: TestModule): boolean {
  return !module.ok() && [...module.children.allTests('failed')].length === 0
}
