import { type KeyboardEvent, type ToggleEvent, useId, useRef } from 'react'
import { Icon } from './icon.tsx'

export interface MenuItem {
  label: string
  isDangerous?: boolean
  onChoose: () => void
}

/** A button with a list of actions, in a native popover: Esc and a click elsewhere close it. */
export function Menu({ label, items }: { label: string; items: readonly MenuItem[] }) {
  const id = useId()
  const button = useRef<HTMLButtonElement>(null)
  const list = useRef<HTMLDivElement>(null)

  function place(event: ToggleEvent<HTMLDivElement>) {
    if (event.newState !== 'open' || button.current === null) return
    const { bottom, right } = button.current.getBoundingClientRect()
    event.currentTarget.style.top = `${bottom + 4}px`
    event.currentTarget.style.right = `${window.innerWidth - right}px`
    event.currentTarget.querySelector('button')?.focus()
  }
  function move(event: KeyboardEvent<HTMLDivElement>) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step === undefined) return
    event.preventDefault()
    const buttons = [...event.currentTarget.querySelectorAll('button')]
    const at = buttons.findIndex((each) => each.matches(':focus'))
    buttons[(at + step + buttons.length) % buttons.length]?.focus()
  }

  return (
    <>
      <button
        ref={button}
        type="button"
        className="quiet"
        aria-label={label}
        title={label}
        aria-haspopup="menu"
        popoverTarget={id}
      >
        <Icon name="more" />
      </button>
      <div
        ref={list}
        id={id}
        className="menu-list"
        role="menu"
        aria-label={label}
        popover="auto"
        onToggle={place}
        onKeyDown={move}
        tabIndex={-1}
      >
        {items.map(({ label, isDangerous, onChoose }) => (
          <button
            key={label}
            type="button"
            role="menuitem"
            className={isDangerous ? 'danger' : undefined}
            onClick={() => {
              // The menu is closed first, so that a dialog that opens next returns the focus to the button of the menu.
              list.current?.hidePopover()
              button.current?.focus()
              onChoose()
            }}
          >
            {label}
          </button>
        ))}
      </div>
    </>
  )
}
