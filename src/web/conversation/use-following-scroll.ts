import { useEffect, useRef } from 'react'

const nearPx = 48

/** Keeps the end of a growing text in sight, until its reader scrolls away from it; what is asked anew is in sight again. */
export function useFollowingScroll(asked: unknown) {
  const frame = useRef<HTMLDivElement>(null)
  const content = useRef<HTMLDivElement>(null)

  // biome-ignore lint/correctness/useExhaustiveDependencies: `asked` begins it anew
  useEffect(() => {
    const box = frame.current
    if (box === null || content.current === null) return
    let follows = true
    let lastTop = box.scrollTop
    const noteScroll = () => {
      const isNear = box.scrollHeight - box.scrollTop - box.clientHeight < nearPx
      // The text may have grown since we scrolled: only a move upwards is the reader's.
      follows = isNear || (follows && box.scrollTop >= lastTop)
      lastTop = box.scrollTop
    }
    const toEnd = () => {
      if (follows) box.scrollTop = box.scrollHeight
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

  return { frame, content }
}
