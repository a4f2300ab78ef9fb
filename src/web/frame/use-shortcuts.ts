import { useEffect, useRef } from 'react'

export interface Shortcuts {
  onSearch: () => void
  onNew: () => void
  onHelp: () => void
}

/** The shortcuts that the help shows. */
export const shortcutsInWords: readonly (readonly [keys: string, what: string])[] = [
  ['Enter', 'Ask'],
  ['Shift+Enter', 'Begin a new line'],
  ['Esc', 'Stop the answer'],
  ['↑', 'Edit the last question, in an empty box'],
  ['Ctrl+K', 'Search'],
  ['Ctrl+Shift+O', 'Begin a new conversation'],
  ['?', 'Show this help'],
]

/** The shortcuts of the whole page. The composer handles its own. On a Mac, Command is used instead of Ctrl. */
export function useShortcuts(shortcuts: Shortcuts): void {
  const latest = useRef(shortcuts)
  latest.current = shortcuts
  useEffect(() => {
    function handle(event: KeyboardEvent) {
      const isCommand = event.ctrlKey || event.metaKey
      const key = event.key.toLowerCase()
      if (isCommand && key === 'k') run(event, latest.current.onSearch)
      else if (isCommand && event.shiftKey && key === 'o') run(event, latest.current.onNew)
      else if (key === '?' && !isWriting(event.target)) run(event, latest.current.onHelp)
    }
    addEventListener('keydown', handle)
    return () => removeEventListener('keydown', handle)
  }, [])
}

function run(event: KeyboardEvent, action: () => void) {
  event.preventDefault()
  if (document.querySelector('dialog[open]') === null) action()
}

/** A question mark in an empty text box opens the help, too, because no question begins with it. */
function isWriting(target: EventTarget | null): boolean {
  if (target instanceof HTMLTextAreaElement) return target.value !== ''
  return target instanceof HTMLInputElement || target instanceof HTMLSelectElement
}

/** Calls back for Esc, unless a dialog or a popover is open, which then handles it. */
export function useEscape(onEscape: (() => void) | null): void {
  useEffect(() => {
    if (onEscape === null) return
    function handle(event: KeyboardEvent) {
      const isTaken = document.querySelector('dialog[open], :popover-open') !== null
      if (event.key === 'Escape' && !isTaken) onEscape?.()
    }
    addEventListener('keydown', handle)
    return () => removeEventListener('keydown', handle)
  }, [onEscape])
}
