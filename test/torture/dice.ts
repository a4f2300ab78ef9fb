import { createRandom } from '../../src/demo/random.ts'

/** The same throws for the same seed. */
export interface Dice {
  /** Both ends included. */
  whole(from: number, to: number): number
  chance(probability: number): boolean
  pick<Item>(items: readonly Item[]): Item
}

export function createDice(seed: string): Dice {
  const random = createRandom(seed)
  return {
    whole: (from, to) => from + Math.floor(random() * (to - from + 1)),
    chance: (probability) => random() < probability,
    pick(items) {
      const item = items[Math.floor(random() * items.length)]
      if (item === undefined) throw new Error('There is nothing to pick from')
      return item
    },
  }
}
