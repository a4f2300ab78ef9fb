import { type SubmitEvent, useState } from 'react'
import { useQuery } from 'urql'
import { nameForm, readName, writeName } from '../connection/name.ts'
import { Viewer } from '../connection/viewer.ts'
import { isInvitation } from '../frame/use-route.ts'

/** The development sign-in: whoever one says one is. */
export function SignIn() {
  const [{ data }] = useQuery({ query: Viewer })
  const [name, setName] = useState(readName)

  function change(event: SubmitEvent) {
    event.preventDefault()
    writeName(name)
    // Another person sees nothing of this one's: the page starts anew, except at an invitation, which is for anybody.
    if (!isInvitation(location.hash)) location.hash = '#/'
    location.reload()
  }

  return (
    <form className="sign-in" onSubmit={change}>
      <label>
        Your name
        <input
          value={name}
          onChange={(event) => setName(event.target.value.trim())}
          placeholder={data?.viewer.name ?? 'dev'}
          pattern={nameForm.source}
          title="Up to 64 letters, digits and signs, without spaces"
          autoComplete="username"
          spellCheck={false}
        />
      </label>
      <button type="submit" disabled={name === readName()}>
        Switch
      </button>
    </form>
  )
}
