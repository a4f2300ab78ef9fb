import { createHash } from 'node:crypto'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/**
 * Shuffles the files of each project by the seed. A worker loads the server once per project, but only while the files that it
 * gets are of the same project, so the files are not mixed with those of other projects.
 */
export class Sequencer extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { seed } = this.ctx.config.sequence
    const keyOf = ({ moduleId }: TestSpecification) => createHash('sha256').update(`${seed} ${moduleId}`).digest('hex')
    return files.toSorted((a, b) => compare(a.project.name, b.project.name) || compare(keyOf(a), keyOf(b)))
  }
}

function compare(a: string, b: string) {
  return a < b ? -1 : Number(a > b)
}
