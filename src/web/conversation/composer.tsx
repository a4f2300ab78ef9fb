import {
  type ClipboardEvent,
  type DragEvent,
  type KeyboardEvent,
  type ReactNode,
  type SubmitEvent,
  useEffect,
  useRef,
} from 'react'
import { Icon } from '../frame/icon.tsx'
import { isComposing } from '../message/question.tsx'
import type { Draft } from '../message/use-answer.ts'
import { AttachButton, AttachedPictures } from './attached-pictures.tsx'
import { picturesIn } from './attachment.ts'
import { useDraft } from './use-draft.ts'
import { usePictures } from './use-pictures.ts'

// A request may have 1 MiB, including the rest of the operation.
const maxQuestionBytes = 1_000_000

interface ComposerProps {
  conversationId: string | null
  /** A question that was refused, which is put back into the text box. */
  refused: Draft | null
  isAnswering: boolean
  /** No further question can wait. */
  isFull: boolean
  /** Null while there is nothing that can be stopped. */
  onStop: (() => void) | null
  onType: () => void
  onAsk: (question: Draft) => void
  onEditLast: () => void
  children: ReactNode
}

export function Composer(props: ComposerProps) {
  const { conversationId, refused, isAnswering, isFull, onStop, onType, onAsk, onEditLast } = props
  const [text, setText] = useDraft(conversationId)
  const attached = usePictures()
  const box = useRef<HTMLTextAreaElement>(null)
  const question = text.trim()
  const isEmpty = question === '' && attached.pictures.length === 0
  const isTooLong = sizeOf({ text: question, pictures: attached.pictures }) > maxQuestionBytes
  const canSend = !isEmpty && !isTooLong && !isFull

  // On a phone, focus would open the keyboard over the text that the person wants to read.
  function focus() {
    if (matchMedia('(pointer: fine)').matches) box.current?.focus()
  }
  useEffect(focus, [])
  // biome-ignore lint/correctness/useExhaustiveDependencies: each refused question is put back once
  useEffect(() => {
    if (refused === null || text !== '') return
    setText(refused.text)
    attached.set(refused.pictures)
  }, [refused])

  function send() {
    if (!canSend) return
    onAsk({ text: question, pictures: attached.pictures })
    setText('')
    attached.set([])
    focus()
  }
  function submit(event: SubmitEvent) {
    event.preventDefault()
    send()
  }
  function handleKey(event: KeyboardEvent) {
    if (event.key === 'ArrowUp' && text === '') {
      event.preventDefault()
      onEditLast()
    }
    if (event.key !== 'Enter' || event.shiftKey || isComposing(event.nativeEvent)) return
    event.preventDefault()
    send()
  }
  function take(data: DataTransfer | null, event: ClipboardEvent | DragEvent) {
    const files = picturesIn(data)
    if (files.length === 0) return
    event.preventDefault()
    void attached.add(files)
  }

  return (
    <>
      <Problem text={isTooLong ? tooLong : attached.problem} />
      <form
        className="ask"
        onSubmit={submit}
        onDragOver={(event) => event.preventDefault()}
        onDrop={(event) => take(event.dataTransfer, event)}
      >
        <AttachedPictures {...attached} />
        <textarea
          ref={box}
          dir="auto"
          aria-label="Your question"
          placeholder={isAnswering ? 'Ask a follow-up; it waits for its turn' : 'Ask something'}
          rows={1}
          value={text}
          onChange={(event) => {
            setText(event.target.value)
            onType()
          }}
          onKeyDown={handleKey}
          onPaste={(event) => take(event.clipboardData, event)}
        />
        <div className="tools">
          <AttachButton onFiles={attached.add} />
          {props.children}
          <Buttons {...{ isAnswering, isEmpty, canSend, onStop, focus }} />
        </div>
      </form>
    </>
  )
}

const tooLong =
  'This question is too long to be sent: it can have about a million characters. Shorten it, or ask in parts.'

function Problem({ text }: { text: string | null }) {
  if (text === null) return null
  return (
    <p role="alert" className="problem">
      {text}
    </p>
  )
}

interface ButtonsProps extends Pick<ComposerProps, 'isAnswering' | 'onStop'> {
  isEmpty: boolean
  canSend: boolean
  focus: () => void
}

function Buttons({ isAnswering, isEmpty, canSend, onStop, focus }: ButtonsProps) {
  return (
    <>
      {isAnswering && (
        <button
          type="button"
          className="round stop"
          aria-label="Stop"
          title="Stop (Esc)"
          disabled={onStop === null}
          onClick={() => {
            onStop?.()
            focus()
          }}
        >
          <Icon name="stop" />
        </button>
      )}
      {(!isAnswering || !isEmpty) && (
        <button
          type="submit"
          className="round primary"
          aria-label={isAnswering ? 'Ask next' : 'Ask'}
          title="Enter sends, Shift+Enter begins a new line"
          disabled={!canSend}
        >
          <Icon name="send" />
        </button>
      )}
    </>
  )
}

/** The size as it is sent: characters that JSON escapes take more than one byte. */
function sizeOf(draft: Draft): number {
  return new TextEncoder().encode(JSON.stringify(draft)).length
}
