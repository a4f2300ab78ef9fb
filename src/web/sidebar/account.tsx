import { lazy, Suspense, useState } from 'react'
import { useQuery } from 'urql'
import { Viewer } from '../connection/viewer.ts'

const AccountDialog = lazy(async () => ({ default: (await import('./account-dialog.tsx')).AccountDialog }))

/** Shows who is signed in, and opens the dialog to change this. */
export function Account({ onUsage }: { onUsage: () => void }) {
  const [{ data }] = useQuery({ query: Viewer })
  const [isOpen, setOpen] = useState(false)
  const name = data?.viewer.name ?? 'Not signed in'
  return (
    <>
      <button type="button" className="quiet account" aria-label={`Account: ${name}`} onClick={() => setOpen(true)}>
        <span className="initial" aria-hidden="true">
          {[...name][0]?.toUpperCase()}
        </span>
        {name}
      </button>
      <Suspense>
        {isOpen && <AccountDialog name={data?.viewer.name ?? ''} onClose={() => setOpen(false)} onUsage={onUsage} />}
      </Suspense>
    </>
  )
}
