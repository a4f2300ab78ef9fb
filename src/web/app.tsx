import { lazy, Suspense, useState } from 'react'
import { useQuery } from 'urql'
import { useIsLost } from './connection/connection-context.ts'
import type { OperationLog } from './connection/operation-log.ts'
import { isSignedOut } from './connection/sentence.ts'
import { Viewer } from './connection/viewer.ts'
import { Conversation } from './conversation/conversation.tsx'
import { Invitation } from './conversation/invitation.tsx'
import { useRoute } from './frame/use-route.ts'
import { useShortcuts } from './frame/use-shortcuts.ts'
import { Sidebar } from './sidebar/sidebar.tsx'
import { TokenSignIn } from './sidebar/token-sign-in.tsx'

const HandedTokenDialog = lazy(async () => ({
  default: (await import('./sidebar/handed-token-dialog.tsx')).HandedTokenDialog,
}))
const HelpDialog = lazy(async () => ({ default: (await import('./frame/help-dialog.tsx')).HelpDialog }))
const SearchDialog = lazy(async () => ({ default: (await import('./sidebar/search-dialog.tsx')).SearchDialog }))
const UsageDialog = lazy(async () => ({ default: (await import('./usage/usage-dialog.tsx')).UsageDialog }))
const OperationDrawer = lazy(async () => ({
  default: (await import('./inspector/operation-drawer.tsx')).OperationDrawer,
}))

type View = 'search' | 'help' | 'operations' | 'usage' | 'token'

interface AppProps {
  log: OperationLog
  /** A token from the address that is used only after the person agreed; null if there is none. */
  handedToken: string | null
}

export function App({ log, handedToken }: AppProps) {
  const { route, adopt, goToNew } = useRoute()
  const isLost = useIsLost()
  const [view, setView] = useState<View | null>(handedToken === null ? null : 'token')
  const [{ error }] = useQuery({ query: Viewer })
  const close = () => setView(null)
  const ways = {
    onNew: goToNew,
    onSearch: () => setView('search'),
    onHelp: () => setView('help'),
    onInspect: () => setView('operations'),
    onUsage: () => setView('usage'),
  }
  useShortcuts(ways)

  return (
    <div className="page">
      <Sidebar route={route} {...ways} />
      <main>
        <p role="status" className="lost">
          {isLost && 'The connection to the server is lost. Trying again; an answer goes on without this page.'}
        </p>
        {error && isSignedOut(error) ? (
          <TokenSignIn />
        ) : route.invitation === null ? (
          <Conversation key={route.visit} conversationId={route.conversationId} onStarted={adopt} />
        ) : (
          <Invitation key={route.visit} token={route.invitation} />
        )}
      </main>
      <Suspense>
        {view === 'search' && <SearchDialog onClose={close} />}
        {view === 'help' && <HelpDialog onClose={close} />}
        {view === 'token' && handedToken !== null && <HandedTokenDialog token={handedToken} onClose={close} />}
        {view === 'usage' && <UsageDialog onClose={close} />}
        {view === 'operations' && <OperationDrawer log={log} onClose={close} />}
      </Suspense>
    </div>
  )
}
