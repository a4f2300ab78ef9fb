import { useEffect, useRef, useState } from 'react'
import { mayNotify } from '../frame/notice.ts'

/** Notifies a person who looks at another tab that the answer is complete. Returns true until they look at this one. */
export function useNotice(isAnswering: boolean, title: string): boolean {
  const wasAnswering = useRef(false)
  const latestTitle = useRef(title)
  latestTitle.current = title
  const [isUnseen, setUnseen] = useState(false)
  useEffect(() => {
    if (wasAnswering.current && !isAnswering && document.hidden) setUnseen(true)
    wasAnswering.current = isAnswering
  }, [isAnswering])
  useEffect(() => {
    if (!isUnseen) return
    const body = latestTitle.current
    const notice = mayNotify() ? new Notification('The answer is there', { body, tag: 'antiphon' }) : null
    notice?.addEventListener('click', () => window.focus())
    const see = () => setUnseen(false)
    document.addEventListener('visibilitychange', see)
    return () => {
      document.removeEventListener('visibilitychange', see)
      notice?.close()
    }
  }, [isUnseen])
  return isUnseen
}
