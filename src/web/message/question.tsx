import { memo, type SubmitEvent, useEffect, useRef, useState } from 'react'
import { CopyButton } from '../frame/copy-button.tsx'
import { Icon } from '../frame/icon.tsx'
import type { MessageFieldsFragment } from '../generated/graphql.ts'
import { Branches } from './branches.tsx'
import type { MessagePlace } from './message.tsx'

const speakerNames: Record<Exclude<MessageFieldsFragment['role'], 'ASSISTANT'>, string> = {
  USER: 'Question',
  SYSTEM: 'System prompt',
  DEVELOPER: 'System prompt',
  TOOL: 'Result of a tool',
}

interface QuestionProps {
  /** null while it is not stored */
  place: MessagePlace | null
  speaker: keyof typeof speakerNames
  author: string | null
  /** The author is somebody else than the viewer. */
  isAnothers: boolean
  text: string
  pictures: readonly string[]
  isEditing: boolean
  /** Null if the question cannot be edited. */
  onEdit: ((isEditing: boolean) => void) | null
  onSave: (text: string) => void
  onSwitch: () => void
}

export const Question = memo(function Question(props: QuestionProps) {
  const { place, speaker, author, isAnothers, text, pictures, isEditing, onEdit, onSave, onSwitch } = props
  const name = speaker === 'USER' ? author : speakerNames[speaker]
  return (
    <article
      className={isAnothers || speaker !== 'USER' ? 'question anothers' : 'question'}
      aria-label={author === null ? speakerNames[speaker] : `${speakerNames[speaker]} by ${author}`}
    >
      {name !== null && <p className="speaker">{name}</p>}
      {pictures.map((url, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a question's pictures never change
        <img key={index} src={url} alt={`Attachment ${index + 1}`} />
      ))}
      {isEditing && onEdit ? (
        <EditForm text={text} onSave={onSave} onClose={() => onEdit(false)} />
      ) : (
        text !== '' && (
          <p className="bubble" dir="auto">
            {text}
          </p>
        )
      )}
      {!isEditing && place !== null && (
        <div className="actions">
          <Branches {...place} what="question" onSwitch={onSwitch} />
          {text !== '' && <CopyButton text={text} label="Copy question" />}
          {onEdit && (
            <button
              type="button"
              className="quiet"
              aria-label="Edit question"
              title="Edit"
              onClick={() => onEdit(true)}
            >
              <Icon name="edit" />
            </button>
          )}
        </div>
      )}
    </article>
  )
})

interface EditFormProps {
  text: string
  onSave: (text: string) => void
  onClose: () => void
}

function EditForm({ text: initial, onSave, onClose }: EditFormProps) {
  const [text, setText] = useState(initial)
  const box = useRef<HTMLTextAreaElement>(null)
  useEffect(() => {
    box.current?.focus()
    box.current?.setSelectionRange(initial.length, initial.length)
  }, [initial])

  function save() {
    if (text.trim() === '') return
    onSave(text.trim())
    onClose()
  }
  function submit(event: SubmitEvent) {
    event.preventDefault()
    save()
  }

  return (
    <form className="edit" onSubmit={submit}>
      <textarea
        ref={box}
        dir="auto"
        aria-label="Edit your question"
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          // Esc must not stop an answer that is being written meanwhile.
          if (event.key === 'Escape') event.stopPropagation()
          if (event.key === 'Escape') onClose()
          if (event.key !== 'Enter' || event.shiftKey || isComposing(event.nativeEvent)) return
          event.preventDefault()
          save()
        }}
      />
      <div className="buttons">
        <button type="button" onClick={onClose}>
          Cancel
        </button>
        <button type="submit" className="primary" disabled={text.trim() === ''}>
          Ask again
        </button>
      </div>
    </form>
  )
}

/**
 * True while Enter chooses a word in an input method. Safari tells this only by the key code 229, after the composition has
 * ended.
 */
export function isComposing({ isComposing, keyCode }: KeyboardEvent): boolean {
  return isComposing || keyCode === 229
}
