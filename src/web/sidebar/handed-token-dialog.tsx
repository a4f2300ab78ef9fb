import { useEffect, useState } from 'react'
import { useQuery } from 'urql'
import { writeToken } from '../connection/credential.ts'
import { tokenOwner } from '../connection/token-owner.ts'
import { Viewer } from '../connection/viewer.ts'
import { FormDialog } from '../frame/dialog.tsx'

interface HandedTokenDialogProps {
  token: string
  onClose: () => void
}

/** Asks before a token from the address is used: the link can be a stranger's, who would then read what is written here. */
export function HandedTokenDialog({ token, onClose }: HandedTokenDialogProps) {
  const [{ data }] = useQuery({ query: Viewer })
  // Undefined while the server is asked.
  const [owner, setOwner] = useState<string | null>()
  useEffect(() => void tokenOwner(token).then(setOwner), [token])

  function signIn() {
    writeToken(token)
    location.hash = '#/'
    location.reload()
  }

  return (
    <FormDialog
      title="Sign in with this link?"
      action={owner ? `Sign in as ${owner}` : 'Sign in'}
      isBusy={!owner}
      problem={owner === null ? 'The server does not accept the token of this link. It may have expired.' : null}
      onClose={onClose}
      onConfirm={signIn}
    >
      {owner && (
        <p>
          The link signs this tab in as <strong>{owner}</strong>.{' '}
          {data ? `Now you are ${data.viewer.name ?? 'signed in'}.` : 'Now you are not signed in.'} Go on only if you
          come from your own sign-in page: {owner} can read what you write after that.
        </p>
      )}
    </FormDialog>
  )
}
