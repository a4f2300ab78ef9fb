import { type ReactNode, type SubmitEvent, useId, useLayoutEffect, useRef } from 'react'
import { Icon } from './icon.tsx'

interface ModalProps {
  title: string
  /** For example, for a wide dialog. */
  className?: string
  onClose: () => void
  children: ReactNode
}

/** A native dialog. When it closes, the focus returns to where it was, or to the composer if that element is gone. */
export function Modal({ title, className = '', onClose, children }: ModalProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  const titleId = useId()

  useLayoutEffect(() => {
    const element = dialog.current
    const opener = document.activeElement
    element?.showModal()
    return () => {
      element?.close()
      // This runs after React has removed the dialog and, perhaps, the element that opened it.
      setTimeout(() => focusAgain(opener))
    }
  }, [])

  return (
    <dialog
      ref={dialog}
      className={className}
      aria-labelledby={titleId}
      onCancel={(event) => {
        // The cancel event of a file input bubbles up, too.
        if (event.target !== dialog.current) return
        event.preventDefault()
        onClose()
      }}
      onKeyDown={(event) => event.key === 'Escape' && event.nativeEvent.stopPropagation()}
    >
      <header>
        <h2 id={titleId}>{title}</h2>
        <button type="button" className="quiet" aria-label="Close" onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      {children}
    </dialog>
  )
}

function focusAgain(opener: Element | null) {
  if (document.querySelector('dialog[open]') !== null) return
  const isUsable = opener instanceof HTMLElement && opener.isConnected && opener !== document.body
  if (isUsable) opener.focus()
  else document.querySelector<HTMLElement>('.ask textarea')?.focus()
}

interface FormDialogProps extends ModalProps {
  action: string
  isDangerous?: boolean
  isBusy: boolean
  problem: string | null
  onConfirm: () => void
}

/** A dialog with one action. */
export function FormDialog({ action, isDangerous, isBusy, problem, onConfirm, children, ...modal }: FormDialogProps) {
  function confirm(event: SubmitEvent) {
    event.preventDefault()
    onConfirm()
  }
  return (
    <Modal {...modal}>
      <form onSubmit={confirm}>
        {children}
        {problem !== null && (
          <p role="alert" className="problem">
            {problem}
          </p>
        )}
        <div className="buttons">
          <button type="button" onClick={modal.onClose}>
            Cancel
          </button>
          <button type="submit" className={isDangerous ? 'danger' : 'primary'} disabled={isBusy}>
            {action}
          </button>
        </div>
      </form>
    </Modal>
  )
}
