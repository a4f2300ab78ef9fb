import { type ReactNode, type SubmitEvent, useEffect, useId, useRef } from 'react'

interface DialogProps {
  title: string
  action: string
  isDangerous?: boolean
  isBusy: boolean
  problem: string | null
  onConfirm: () => void
  onClose: () => void
  children: ReactNode
}

export function Dialog({ title, action, isDangerous, isBusy, problem, onConfirm, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  const titleId = useId()

  useEffect(() => {
    const element = dialog.current
    element?.showModal()
    return () => element?.close()
  }, [])

  function confirm(event: SubmitEvent) {
    event.preventDefault()
    onConfirm()
  }

  return (
    <dialog ref={dialog} aria-labelledby={titleId} onCancel={onClose}>
      <form onSubmit={confirm}>
        <h2 id={titleId}>{title}</h2>
        {children}
        {problem !== null && (
          <p role="alert" className="problem">
            {problem}
          </p>
        )}
        <div className="actions">
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className={isDangerous ? 'danger' : 'primary'} disabled={isBusy}>
            {action}
          </button>
        </div>
      </form>
    </dialog>
  )
}
