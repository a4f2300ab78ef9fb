import { type SubmitEvent, useState } from 'react'
import {
  addressAs,
  earlierNames,
  isName,
  readName,
  readToken,
  writeName,
  writeToken,
} from '../connection/credential.ts'
import { Modal } from '../frame/dialog.tsx'
import { canNotify, mayNotify, setNotices } from '../frame/notice.ts'
import { readTheme, type Theme, themes, writeTheme } from '../frame/theme.ts'
import { isInvitation } from '../frame/use-route.ts'

interface AccountDialogProps {
  name: string
  onClose: () => void
  onUsage: () => void
}

export function AccountDialog({ name, onClose, onUsage }: AccountDialogProps) {
  return (
    <Modal title="You and this page" onClose={onClose}>
      {readToken() === '' ? <SwitchUser name={name} /> : <SignOut name={name} />}
      <button
        type="button"
        className="usage-button"
        onClick={() => {
          onClose()
          onUsage()
        }}
      >
        Your usage
      </button>
      <Appearance />
      {canNotify() && <Notices />}
    </Modal>
  )
}

/** The development sign-in, which accepts any name. */
function SwitchUser({ name }: { name: string }) {
  const [text, setText] = useState(readName)
  const others = earlierNames().filter((other) => other !== name)
  const isRefused = text !== '' && !isName(text)

  function change(event: SubmitEvent) {
    event.preventDefault()
    if (!isRefused) become(text)
  }

  return (
    <form className="switch" onSubmit={change}>
      <label className="field">
        Your name
        <input
          value={text}
          onChange={(event) => setText(event.target.value.trim())}
          placeholder={name || 'dev'}
          autoComplete="username"
          spellCheck={false}
          aria-invalid={isRefused}
        />
      </label>
      <div className="buttons">
        <button
          type="button"
          disabled={text === '' || isRefused}
          onClick={() => window.open(addressAs(text), '_blank', 'noopener')}
        >
          Open a tab as {text || '…'}
        </button>
        <button type="submit" className="primary" disabled={text === readName() || isRefused}>
          Switch
        </button>
      </div>
      {isRefused && <p className="problem">This name is too long.</p>}
      {others.length > 0 && (
        <p className="others">
          {others.map((other) => (
            <button key={other} type="button" onClick={() => become(other)}>
              {other}
            </button>
          ))}
        </p>
      )}
      <p className="hint">
        Development sign-in: you are whoever you say you are. A second tab as somebody else shows how people share.
      </p>
    </form>
  )
}

function become(name: string) {
  writeName(name)
  // Another person must see nothing of this one, so the page starts again without the conversation. An invitation stays: it is
  // for anybody.
  if (!isInvitation(location.hash)) location.hash = '#/'
  location.reload()
}

function SignOut({ name }: { name: string }) {
  function signOut() {
    writeToken('')
    location.hash = '#/'
    location.reload()
  }
  return (
    <p className="row">
      <span>Signed in with a token{name && <> as {name}</>}.</span>
      <button type="button" onClick={signOut}>
        Sign out
      </button>
    </p>
  )
}

const themeNames: Record<Theme, string> = { system: 'As the system', light: 'Light', dark: 'Dark' }

function Appearance() {
  const [theme, setTheme] = useState(readTheme)
  return (
    <fieldset className="choices">
      <legend>Colours</legend>
      {themes.map((each) => (
        <label key={each}>
          <input
            type="radio"
            name="theme"
            checked={theme === each}
            onChange={() => {
              setTheme(each)
              writeTheme(each)
            }}
          />
          {themeNames[each]}
        </label>
      ))}
    </fieldset>
  )
}

function Notices() {
  const [isOn, setOn] = useState(mayNotify)
  return (
    <label className="choice">
      <input type="checkbox" checked={isOn} onChange={(event) => void setNotices(event.target.checked).then(setOn)} />
      Tell me when an answer is there while I look at another tab
    </label>
  )
}
