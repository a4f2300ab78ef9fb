import { ask } from './asker.ts'
import { checkAnswers } from './check.ts'
import { createDice } from './dice.ts'
import { newDatabase, onGround, type Report, type Torture } from './ground.ts'

export interface ReconnectSizes {
  answers: number
  screens: number
  /** How often each screen comes back. */
  hops: number
}

/** Viewers who leave after a few events, and come back by the other way to the other server, with a cursor or without. */
export function reconnect(torture: Torture, { answers, screens, hops }: ReconnectSizes): Promise<Report> {
  return onGround(torture, async (ground) => {
    const settings = await newDatabase(ground)
    const servers = [await ground.start(settings), await ground.start(settings)]
    const dice = createDice(`${ground.seed} reconnect`)
    const route = () => dice.pick(servers).url
    // A fourth of the returns find the answer ended.
    const pieces = hops * 6
    const asked = Array.from({ length: answers }, (_, index) => {
      return ask(ground, { id: `reconnect-${index}`, route, pieces, paceMs: 15, hops, screens })
    })
    const { calls } = await checkAnswers(ground, asked, servers)
    const returns = (await Promise.all(asked.map((one) => one.returns()))).flat()
    const sum = (kind: keyof (typeof returns)[number]) => returns.reduce((total, count) => total + count[kind], 0)
    return (
      `reconnect: ${answers * screens * hops} returns of ${answers * screens} viewers, ${sum('cursor')} with a cursor, ` +
      `${sum('key')} with the key, ${sum('blank')} with nothing; ${sum('lost')} connections lost; ${calls} upstream calls`
    )
  })
}
