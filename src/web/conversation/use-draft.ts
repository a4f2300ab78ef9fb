import { useCallback, useState } from 'react'
import { readOfTab, writeOfTab } from '../connection/stored.ts'

/** A text that is not sent yet is kept for its conversation, while other conversations are shown and after a reload. */
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
