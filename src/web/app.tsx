import { useCallback, useState, useSyncExternalStore } from 'react'
import type { Connection } from './connection.ts'
import { Conversation } from './conversation.tsx'
import { Invitation } from './invitation.tsx'
import { Sidebar } from './sidebar.tsx'
import { useRoute } from './use-route.ts'

export function App({ connection }: { connection: Connection }) {
  const { route, adopt } = useRoute()
  const [revision, setRevision] = useState(0)
  const isLost = useSyncExternalStore(connection.onChange, connection.isLost)
  const listChanged = useCallback(() => setRevision((revision) => revision + 1), [])

  return (
    <div className="page">
      <Sidebar route={route} revision={revision} />
      <main>
        <p role="status" className="lost">
          {isLost && 'The connection to the server is lost. Trying again; an answer goes on without this page.'}
        </p>
        {route.invitation === null ? (
          <Conversation
            key={route.visit}
            conversationId={route.conversationId}
            onStarted={adopt}
            onListChanged={listChanged}
          />
        ) : (
          <Invitation key={route.visit} token={route.invitation} onListChanged={listChanged} />
        )}
      </main>
    </div>
  )
}
