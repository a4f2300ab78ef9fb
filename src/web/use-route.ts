import { useCallback, useEffect, useState } from 'react'

export interface Route {
  /** null: a conversation that has yet to begin */
  conversationId: string | null
  /** changes when a person goes somewhere; not when a new conversation is given its address */
  visit: number
}

export function useRoute() {
  const [route, setRoute] = useState<Route>(() => ({ conversationId: conversationIn(location.hash), visit: 0 }))

  useEffect(() => {
    const follow = () => setRoute(({ visit }) => ({ conversationId: conversationIn(location.hash), visit: visit + 1 }))
    addEventListener('hashchange', follow)
    return () => removeEventListener('hashchange', follow)
  }, [])

  const adopt = useCallback((conversationId: string) => {
    // replaceState fires no hashchange: the view stays as it is.
    history.replaceState(null, '', addressOf(conversationId))
    setRoute(({ visit }) => ({ conversationId, visit }))
  }, [])

  return { route, adopt }
}

export function addressOf(conversationId: string): string {
  return `#/c/${encodeURIComponent(conversationId)}`
}

function conversationIn(hash: string): string | null {
  const encoded = /^#\/c\/(.+)$/.exec(hash)?.[1]
  if (encoded === undefined) return null
  try {
    return decodeURIComponent(encoded)
  } catch {
    return encoded
  }
}
