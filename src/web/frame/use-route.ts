import { useCallback, useEffect, useState } from 'react'

export interface Route {
  /** null: a conversation that has yet to begin */
  conversationId: string | null
  /** the token of one that is to be accepted */
  invitation: string | null
  /** changes when a person goes somewhere; not when a new conversation is given its address */
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
    // replaceState fires no hashchange: the view stays as it is.
    history.replaceState(null, '', addressOf(conversationId))
    setRoute(({ visit }) => ({ conversationId, invitation: null, visit }))
  }, [])

  /** Also where the page is at a new conversation already, whose answer has just been asked for. */
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
