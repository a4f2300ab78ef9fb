import { type SubmitEvent, useEffect, useState } from 'react'
import { notePlace, readToken, writeToken } from '../connection/credential.ts'

/** Shown if a name is not enough. A sign-in page of the operator can pass the token in the address, as #token=. */
export function TokenSignIn() {
  const [token, setToken] = useState('')
  const wasRefused = readToken() !== ''
  useEffect(notePlace, [])

  function signIn(event: SubmitEvent) {
    event.preventDefault()
    writeToken(token.trim().replace(/^Bearer /i, ''))
    location.reload()
  }

  return (
    <form className="token-sign-in" aria-label="Sign in" onSubmit={signIn}>
      <h2>Sign in</h2>
      <p>
        {wasRefused
          ? 'You are not signed in. The token that this tab had is not taken: it may have expired.'
          : 'You are not signed in. This server wants a token: of its sign-in page, or an API key.'}
      </p>
      <label className="field">
        Token or API key
        <input
          type="password"
          value={token}
          onChange={(event) => setToken(event.target.value)}
          autoComplete="off"
          required
        />
      </label>
      <button type="submit" className="primary" disabled={token.trim() === ''}>
        Sign in
      </button>
      <p className="hint">It is kept in this tab alone, until you close the tab or sign out.</p>
    </form>
  )
}
