import { useCallback, useState } from 'react'
import { readOfTab, writeOfTab } from '../connection/stored.ts'

/** What is written and not yet sent stays with its conversation while one looks at others, and over a reload. */
export function useDraft(conversationId: string | null) {
  const key = `antiphon.draft.${conversationId ?? 'new'}`
  const [text, setText] = useState(() => readOfTab(key))
  const write = useCallback(
    (text: string) => {
      setText(text)
      writeOfTab(key, text)
    },
    [key],
  )
  return [text, write] as const
}
