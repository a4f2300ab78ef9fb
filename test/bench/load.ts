import { setTimeout as delay } from 'node:timers/promises'
import type { Shape } from './model-answer.ts'
import { type Ask, askOnce, type Times } from './reading.ts'

export interface Load {
  shape: Shape
  /** how many each asks, the next when the one before has ended */
  answersEach: number
  /** between the first question of one and of the next */
  staggerMs: number
}

export async function askInTurns(asks: Ask[], { shape, answersEach, staggerMs }: Load): Promise<Times[]> {
  const askAll = async (ask: Ask, index: number) => {
    const times: Times[] = []
    await delay(index * staggerMs)
    while (times.length < answersEach) times.push(await askOnce(ask, shape))
    return times
  }
  return (await Promise.all(asks.map(askAll))).flat()
}
