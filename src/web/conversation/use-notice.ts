import { useEffect, useRef } from 'react'
import { mayNotify } from '../frame/notice.ts'

/** Notifies a person who looks at another tab that the answer is complete. */
export function useNotice(isAnswering: boolean, title: string): void {
  const wasAnswering = useRef(false)
  useEffect(() => {
    const isDone = wasAnswering.current && !isAnswering
    wasAnswering.current = isAnswering
    if (!isDone || !document.hidden) return
    const before = document.title
    document.title = `✓ ${title}`
    const notice = mayNotify() ? new Notification('The answer is there', { body: title, tag: 'antiphon' }) : null
    notice?.addEventListener('click', () => window.focus())
    const restore = () => {
      document.title = before
      notice?.close()
    }
    document.addEventListener('visibilitychange', restore, { once: true })
    return () => document.removeEventListener('visibilitychange', restore)
  }, [isAnswering, title])
}
