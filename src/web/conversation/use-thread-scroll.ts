import { useEffect, useLayoutEffect, useRef } from 'react'

const nearPx = 48
/** Earlier messages are requested when the reader is nearer to the beginning of the text than this. */
const earlyPx = 600

interface ThreadScrollOptions {
  /** When this changes, the end of the text becomes visible again. */
  asked: unknown
  /** The id of the first message that is shown. */
  firstId: string | undefined
  hasEarlier: boolean
  loadEarlier: () => Promise<void>
}

/**
 * Keeps the end of a growing text visible, until the reader scrolls away from it, and keeps the reader's position when earlier
 * messages are added above.
 */
export function useThreadScroll({ asked, firstId, hasEarlier, loadEarlier }: ThreadScrollOptions) {
  const frame = useRef<HTMLDivElement>(null)
  const content = useRef<HTMLDivElement>(null)
  const follows = useRef(true)
  const fromEnd = useRef(0)

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new `asked` starts it again
  useEffect(() => {
    const box = frame.current
    if (box === null || content.current === null) return
    follows.current = true
    let lastTop = box.scrollTop
    const noteScroll = () => {
      const isNear = box.scrollHeight - box.scrollTop - box.clientHeight < nearPx
      // The text may have grown since the last scroll event, so only a move upwards comes from the reader.
      follows.current = isNear || (follows.current && box.scrollTop >= lastTop)
      lastTop = box.scrollTop
      fromEnd.current = box.scrollHeight - box.scrollTop
    }
    const toEnd = () => {
      if (follows.current) box.scrollTop = box.scrollHeight
      fromEnd.current = box.scrollHeight - box.scrollTop
    }
    const observer = new ResizeObserver(toEnd)
    observer.observe(content.current)
    observer.observe(box)
    box.addEventListener('scroll', noteScroll, { passive: true })
    return () => {
      observer.disconnect()
      box.removeEventListener('scroll', noteScroll)
    }
  }, [asked])

  useEffect(() => {
    const box = frame.current
    if (box === null || !hasEarlier) return
    const loadNear = () => {
      if (box.scrollTop < earlyPx) void loadEarlier()
    }
    loadNear()
    box.addEventListener('scroll', loadNear, { passive: true })
    return () => box.removeEventListener('scroll', loadNear)
  }, [hasEarlier, loadEarlier])

  // Earlier messages are rendered in several steps, and each step keeps the distance from the end.
  // biome-ignore lint/correctness/useExhaustiveDependencies: it handles messages that are added before the first one
  useLayoutEffect(() => {
    const box = frame.current
    const text = content.current
    if (box === null || text === null || follows.current) return
    const distance = fromEnd.current
    const keep = () => {
      box.scrollTop = box.scrollHeight - distance
    }
    keep()
    const observer = new ResizeObserver(keep)
    observer.observe(text)
    const timer = setTimeout(() => observer.disconnect(), settleMs)
    const leave = () => observer.disconnect()
    box.addEventListener('wheel', leave, { passive: true, once: true })
    box.addEventListener('touchmove', leave, { passive: true, once: true })
    return () => {
      observer.disconnect()
      clearTimeout(timer)
      box.removeEventListener('wheel', leave)
      box.removeEventListener('touchmove', leave)
    }
  }, [firstId])

  return { frame, content }
}

const settleMs = 500
