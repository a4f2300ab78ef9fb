import { type AnswerChoice, createGrowingChoice, type GrowingChoice } from './choice.ts'
import type { ChoiceDelta } from './delta.ts'
import { choiceStart, type Position, progress, start } from './position.ts'

/**
 * An answer while it is written. Text is appended first and revealed later. Followers see only revealed text, which can be read
 * again after a crash. `Outcome` is the result that is set when the answer has ended.
 */
export interface Answer<Outcome> {
  readonly id: string
  append(deltas: readonly ChoiceDelta[]): void
  /** Call it when no more text follows. It does not notify the followers, as `end` does. */
  close(): void
  /** All appended text, whether it is revealed or not; `position` is its end. */
  choices(): AnswerChoice[]
  position(): Position
  revealed(): Position
  reveal(position: Position): void
  between(from: Position, to: Position): ChoiceDelta[]
  /** Reveals the rest of the text, but not beyond `position` if that is given, and ends every follower. */
  end(outcome: Outcome, position?: Position): void
  outcome(): Outcome | null
  /** Adds a listener for each reveal and for the end. Returns a function that removes it. */
  onMove(listener: () => void): () => void
  followers(): number
}

export function createAnswer<Outcome>(id: string, onFollowers: (count: number) => void = () => {}): Answer<Outcome> {
  const choices: GrowingChoice[] = []
  const listeners = new Set<() => void>()
  let revealed = start
  let outcome: Outcome | null = null

  function choiceAt(index: number) {
    while (choices.length <= index) choices.push(createGrowingChoice(choices.length))
    return choices[index]
  }

  // Listeners may be removed and added during the loop; those that existed before it are called.
  function tell() {
    for (const listener of [...listeners]) listener()
  }

  const answer: Answer<Outcome> = {
    id,
    append(deltas) {
      for (const delta of deltas) choiceAt(delta.index)?.add(delta)
    },
    close() {
      for (const choice of choices) choice.close()
    },
    choices: () => choices.map((choice) => choice.state()),
    position: () => choices.map((choice) => choice.position()),
    revealed: () => revealed,
    reveal(position) {
      if (progress(position) <= progress(revealed)) return
      revealed = position
      tell()
    },
    between(from, to) {
      const deltas: ChoiceDelta[] = []
      for (const [index, choice] of choices.entries()) {
        const [seen, end] = [from[index] ?? choiceStart, to[index] ?? choiceStart]
        if (progress([end]) > progress([seen])) deltas.push(choice.between(seen, end))
      }
      return deltas
    },
    end(known, position = answer.position()) {
      if (outcome !== null) return
      revealed = position
      outcome = known
      tell()
    },
    outcome: () => outcome,
    onMove(listener) {
      listeners.add(listener)
      onFollowers(listeners.size)
      return () => {
        if (listeners.delete(listener)) onFollowers(listeners.size)
      }
    },
    followers: () => listeners.size,
  }
  return answer
}
