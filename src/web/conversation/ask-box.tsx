import { type KeyboardEvent, type SubmitEvent, useEffect, useRef, useState } from 'react'

// A request may have 1 MiB, the rest of the operation included.
const maxQuestionBytes = 1_000_000

interface AskBoxProps {
  initialText: string
  isAnswering: boolean
  /** null while there is nothing to stop yet */
  onStop: (() => void) | null
  onType: () => void
  onAsk: (question: string) => void
}

export function AskBox({ initialText, isAnswering, onStop, onType, onAsk }: AskBoxProps) {
  const [text, setText] = useState(initialText)
  const box = useRef<HTMLTextAreaElement>(null)
  const question = text.trim()
  // As it is sent: signs that JSON escapes take more than one byte.
  const isTooLong = new TextEncoder().encode(JSON.stringify(question)).length > maxQuestionBytes

  // On a phone, focus would bring up the keyboard over what one came to read.
  function focus() {
    if (matchMedia('(pointer: fine)').matches) box.current?.focus()
  }
  useEffect(focus, [])

  function send() {
    if (question === '' || isTooLong || isAnswering) return
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
    <>
      {isTooLong && (
        <p role="alert" className="problem">
          This question is too long to be sent: it can have about a million characters. Shorten it, or ask in parts.
        </p>
      )}
      <form className="ask" onSubmit={submit}>
        <textarea
          ref={box}
          aria-label="Your question"
          placeholder="Ask something"
          title="Enter sends, Shift+Enter begins a new line"
          rows={1}
          value={text}
          onChange={(event) => {
            setText(event.target.value)
            onType()
          }}
          onKeyDown={sendOnEnter}
        />
        {isAnswering ? (
          <button type="button" className="stop" disabled={onStop === null} onClick={stop}>
            Stop
          </button>
        ) : (
          <button type="submit" className="primary" disabled={question === '' || isTooLong}>
            Ask
          </button>
        )}
      </form>
    </>
  )
}
