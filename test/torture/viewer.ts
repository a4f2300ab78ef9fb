import { setTimeout as delay } from 'node:timers/promises'
import type { Subscription } from '../harness/client.ts'
import type { Completion, CompletionEvent } from '../harness/completion-documents.ts'
import { createPerson } from '../harness/person.ts'
import type { Dice } from './dice.ts'
import { isLoss } from './loss.ts'
import { createScreen, type Place, type Screen } from './screen.ts'
import { choiceCountOf, type Question, scriptOf } from './script.ts'

export interface ViewerOptions {
  name: string
  dice: Dice
  question: Question
  /** To ask it under. */
  key: string
  /** Where it was asked already. */
  completionId?: string
  /** The address of the server to go to, each time. */
  route(): string
  /** How often it leaves by itself and comes back, where the answer has ended, too. */
  hops: number
  /** Told what was not as promised. */
  faults: string[]
}

export interface Returns {
  cursor: number
  key: number
  blank: number
  /** Not by its own will. */
  lost: number
}

export interface Viewer {
  /** Resolves once the completion is known, or to nothing when the viewer gave up. */
  begun: Promise<string>
  /** Resolves when it has seen the end and has come back often enough; null when it gave up. */
  done: Promise<Completion | null>
  returns(): Returns
}

const patienceMs = 60_000
const maxPauseMs = 40
const overs = ['websocket', 'sse'] as const

export function questionInput(question: Question) {
  const n = choiceCountOf(question)
  return { messages: [{ role: 'USER', content: JSON.stringify(question) }], ...(n > 1 && { n }) }
}

/** Somebody who wants to see the whole answer. */
export function createViewer(options: ViewerOptions): Viewer {
  const { name, dice, question, key, route, faults } = options
  const returns: Returns = { cursor: 0, key: 0, blank: 0, lost: 0 }
  const fault = (text: string) => faults.push(`${question.id}, ${name}: ${text}`)
  const screen = createScreen(scriptOf(question).text, fault)
  const patience = AbortSignal.timeout(patienceMs)
  let completionId = options.completionId ?? null
  let hopsLeft = options.hops
  let tellBegun = (_id: string) => {}
  const begun = new Promise<string>((resolve) => {
    tellBegun = resolve
  })

  function open(): Subscription<CompletionEvent> {
    const person = createPerson(route(), name)
    const over = dice.pick(overs)
    const place = placeToResume(screen, dice)
    const byKey = completionId === null || dice.chance(0.25)
    screen.resume(byKey ? null : place, dice.chance(0.5))
    returns[byKey ? 'key' : place === null ? 'blank' : 'cursor'] += 1
    if (completionId === null || byKey) return person.start(key, questionInput(question), { over })
    return person.watch(completionId, place === null ? { over } : { over, after: place.cursor })
  }

  function know(id: string) {
    if (completionId !== null && id !== completionId) fault(`another completion: ${id}`)
    completionId = id
    tellBegun(id)
  }

  async function look() {
    const events = open()
    const count = hopsLeft > 0 ? dice.whole(1, 6) : Number.POSITIVE_INFINITY
    const giveUp = () => events.drop()
    patience.addEventListener('abort', giveUp)
    try {
      const last = await readSome(events, count, (event) => {
        screen.show(event)
        know(event.completionId)
      })
      if (last === 'SILENCE' && !patience.aborted) fault('the stream ended without its end')
    } finally {
      patience.removeEventListener('abort', giveUp)
      if (dice.chance(0.5)) events.drop()
      else void events.close()
    }
  }

  async function lookUntilTheEnd(): Promise<Completion | null> {
    while (screen.end() === null || hopsLeft > 0) {
      if (patience.aborted) throw new Error(`no end within ${patienceMs} ms (${completionId ?? 'no completion'})`)
      try {
        await look()
        hopsLeft -= 1
      } catch (error) {
        if (!isLoss(error)) throw error
        returns.lost += 1
        await delay(dice.whole(1, maxPauseMs))
      }
    }
    return screen.end()
  }

  async function run() {
    try {
      return await lookUntilTheEnd()
    } catch (error) {
      fault(String(error))
      return null
    } finally {
      tellBegun(completionId ?? '')
    }
  }

  return { begun, done: run(), returns: () => returns }
}

/** Mostly the latest; but an old cursor is as good. */
function placeToResume(screen: Screen, dice: Dice): Place | null {
  const places = screen.places()
  if (places.length === 0 || dice.chance(0.15)) return null
  return dice.chance(0.75) ? (places.at(-1) ?? null) : dice.pick(places)
}

async function readSome(
  events: AsyncIterable<CompletionEvent>,
  count: number,
  take: (event: CompletionEvent) => void,
): Promise<'END' | 'ENOUGH' | 'SILENCE'> {
  let left = count
  for await (const event of events) {
    take(event)
    left -= 1
    if (event.__typename === 'CompletionEnded') return 'END'
    if (left <= 0) return 'ENOUGH'
  }
  return 'SILENCE'
}
