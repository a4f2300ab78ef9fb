import { createContext, useContext, useEffect, useSyncExternalStore } from 'react'
import type { Connection } from './connection.ts'

export const ConnectionContext = createContext<Connection | null>(null)

function useConnection(): Connection {
  const connection = useContext(ConnectionContext)
  if (connection === null) throw new Error('This part of the page stands outside of its connection.')
  return connection
}

export function useIsLost(): boolean {
  const connection = useConnection()
  return useSyncExternalStore(connection.onChange, connection.isLost)
}

/** Calls back when a lost connection is restored. */
export function useReconnected(onReconnected: () => void): void {
  const connection = useConnection()
  useEffect(() => {
    let wasLost = connection.isLost()
    return connection.onChange(() => {
      const isLost = connection.isLost()
      if (wasLost && !isLost) onReconnected()
      wasLost = isLost
    })
  }, [connection, onReconnected])
}
