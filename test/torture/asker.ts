import type { Asked } from './check.ts'
import { createDice } from './dice.ts'
import type { Ground } from './ground.ts'
import type { Question } from './script.ts'
import { createViewer, type Returns } from './viewer.ts'

export interface AskOptions {
  id: string
  route(): string
  pieces: number
  paceMs: number
  isSteady?: boolean
  hops?: number
  /** The one who asks, and as many more screens of the same person's. */
  screens?: number
}

export interface Watched extends Asked {
  /** Resolves to the completion's id, or to nothing when the one who asked gave up. */
  begun: Promise<string>
  /** How each screen came back, once all have seen the end. */
  returns(): Promise<Returns[]>
}

/** Asks under a key, and watches on several screens. */
export function ask({ seed, faults }: Ground, options: AskOptions): Watched {
  const { id, route, pieces, paceMs, isSteady, hops = 0, screens = 2 } = options
  const question: Question = { id, seed, pieces, paceMs, isSteady }
  const shared = { name: `asker-${id}`, question, route, hops, faults }
  const dice = (screen: number) => createDice(`${seed} ${id} ${screen}`)
  const asker = createViewer({ ...shared, dice: dice(0), key: id })
  async function open(screen: number) {
    const completionId = await asker.begun
    // Whoever has the key may send it from each screen.
    return completionId === '' ? asker : createViewer({ ...shared, dice: dice(screen), key: id, completionId })
  }
  const viewers = Promise.all([asker, ...Array.from({ length: screens - 1 }, (_, index) => open(index + 1))])
  const ends = viewers.then((all) => Promise.all(all.map(({ done }) => done)))
  return {
    name: shared.name,
    question,
    begun: asker.begun,
    ends,
    async returns() {
      await ends
      return (await viewers).map((viewer) => viewer.returns())
    },
  }
}
