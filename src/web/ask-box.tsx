import { type KeyboardEvent, type SubmitEvent, useEffect, useRef, useState } from 'react'

interface AskBoxProps {
  initialText: string
  isAnswering: boolean
  /** null while there is nothing to stop yet */
  onStop: (() => void) | null
  onAsk: (question: string) => void
}

export function AskBox({ initialText, isAnswering, onStop, onAsk }: AskBoxProps) {
  const [text, setText] = useState(initialText)
  const box = useRef<HTMLTextAreaElement>(null)
  const question = text.trim()

  // On a phone, focus would bring up the keyboard over what one came to read.
  function focus() {
    if (matchMedia('(pointer: fine)').matches) box.current?.focus()
  }
  useEffect(focus, [])

  function send() {
    if (question === '' || isAnswering) return
    onAsk(question)
    setText('')
    // The button that was pressed gives way to another one.
    focus()
  }

  function stop() {
    onStop?.()
    focus()
  }

  function sendOnEnter(event: KeyboardEvent) {
    // Enter may also choose a word in an input method.
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return
    event.preventDefault()
    send()
  }

  function submit(event: SubmitEvent) {
    event.preventDefault()
    send()
  }

  return (
    <form className="ask" onSubmit={submit}>
      <textarea
        ref={box}
        aria-label="Your question"
        placeholder="Ask something"
        title="Enter sends, Shift+Enter begins a new line"
        rows={1}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={sendOnEnter}
      />
      {isAnswering ? (
        <button type="button" className="stop" disabled={onStop === null} onClick={stop}>
          Stop
        </button>
      ) : (
        <button type="submit" className="primary" disabled={question === ''}>
          Ask
        </button>
      )}
    </form>
  )
}
