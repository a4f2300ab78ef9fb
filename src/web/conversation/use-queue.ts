import { useCallback, useEffect, useState } from 'react'
import type { Draft } from '../message/use-answer.ts'

export interface QueuedDraft extends Draft {
  id: number
}

interface QueueOptions {
  isAnswering: boolean
  /** The last answer is shown as it is stored. */
  isSettled: boolean
  /** The last answer did not end well, so the waiting questions are not asked automatically. */
  hasTrouble: boolean
  ask: (draft: Draft) => void
}

let lastId = 0
export const maxFollowUps = 10
/** After this time the next question is asked in any case: an answer on another branch than the shown one is never settled. */
const settleMs = 1_500

/** Questions that are asked one after the other, each when the answer to the one before is complete. */
export function useQueue({ isAnswering, isSettled, hasTrouble, ask }: QueueOptions) {
  const [drafts, setDrafts] = useState<readonly QueuedDraft[]>([])
  const [isHeld, setHeld] = useState(false)
  useEffect(() => {
    if (hasTrouble) setHeld(true)
  }, [hasTrouble])

  const next = drafts[0]
  useEffect(() => {
    if (next === undefined || isAnswering || (isHeld && hasTrouble)) return
    const go = () => {
      setDrafts((drafts) => drafts.slice(1))
      ask(next)
    }
    const timer = setTimeout(go, isSettled ? 0 : settleMs)
    return () => clearTimeout(timer)
  }, [next, isAnswering, isSettled, isHeld, hasTrouble, ask])

  const add = useCallback((draft: Draft) => {
    lastId += 1
    const id = lastId
    setDrafts((drafts) => (drafts.length < maxFollowUps ? [...drafts, { ...draft, id }] : drafts))
    // A person who asks another question knows how the last answer ended.
    setHeld(false)
  }, [])
  const remove = useCallback((id: number) => setDrafts((drafts) => drafts.filter((draft) => draft.id !== id)), [])
  const resume = useCallback(() => setHeld(false), [])

  const isFull = drafts.length >= maxFollowUps
  return { drafts, isFull, isHeld: isHeld && hasTrouble && drafts.length > 0, add, remove, resume }
}
