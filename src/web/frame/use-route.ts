import { useCallback, useEffect, useState } from 'react'

export interface Route {
  /** Null if there is no conversation yet. */
  conversationId: string | null
  /** The token of an invitation that can be accepted; null if there is none. */
  invitation: string | null
  /** Changes when the person navigates, and not when a new conversation gets its address. */
  visit: number
}

export function useRoute() {
  const [route, setRoute] = useState<Route>(() => ({ ...placeIn(location.hash), visit: 0 }))

  const follow = useCallback(() => setRoute(({ visit }) => ({ ...placeIn(location.hash), visit: visit + 1 })), [])
  useEffect(() => {
    addEventListener('hashchange', follow)
    return () => removeEventListener('hashchange', follow)
  }, [follow])

  const adopt = useCallback((conversationId: string) => {
    // replaceState causes no hashchange event, so the view stays as it is.
    history.replaceState(null, '', addressOf(conversationId))
    setRoute(({ visit }) => ({ conversationId, invitation: null, visit }))
  }, [])

  /** This also works if the page already shows a new conversation, of which the first answer was just requested. */
  const goToNew = useCallback(() => {
    if (placeIn(location.hash).conversationId !== null || isInvitation(location.hash)) location.hash = '#/'
    else follow()
  }, [follow])

  return { route, adopt, goToNew }
}

export function addressOf(conversationId: string): string {
  return `#/c/${encodeURIComponent(conversationId)}`
}

export function isInvitation(hash: string): boolean {
  return invitationForm.test(hash)
}

const invitationForm = /^#\/join\/(.+)$/

function placeIn(hash: string): Omit<Route, 'visit'> {
  return {
    conversationId: decoded(/^#\/c\/(.+)$/.exec(hash)?.[1]),
    invitation: decoded(invitationForm.exec(hash)?.[1]),
  }
}

function decoded(encoded: string | undefined): string | null {
  if (encoded === undefined) return null
  try {
    return decodeURIComponent(encoded)
  } catch {
    return encoded
  }
}
