import { useSyncExternalStore } from 'react'
import type { Connection } from './connection/connection.ts'
import { Conversation } from './conversation/conversation.tsx'
import { Invitation } from './conversation/invitation.tsx'
import { useRoute } from './frame/use-route.ts'
import { Sidebar } from './sidebar/sidebar.tsx'

export function App({ connection }: { connection: Connection }) {
  const { route, adopt } = useRoute()
  const isLost = useSyncExternalStore(connection.onChange, connection.isLost)

  return (
    <div className="page">
      <Sidebar route={route} />
      <main>
        <p role="status" className="lost">
          {isLost && 'The connection to the server is lost. Trying again; an answer goes on without this page.'}
        </p>
        {route.invitation === null ? (
          <Conversation key={route.visit} conversationId={route.conversationId} onStarted={adopt} />
        ) : (
          <Invitation key={route.visit} token={route.invitation} />
        )}
      </main>
    </div>
  )
}
