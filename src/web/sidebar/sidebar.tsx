import { useEffect, useRef } from 'react'
import type { Route } from '../frame/use-route.ts'
import { ConversationList } from './conversation-list.tsx'
import { SignIn } from './sign-in.tsx'

/** Beside the conversation where there is room, else over it, as a popover. */
export function Sidebar({ route }: { route: Route }) {
  const sidebar = useRef<HTMLElement>(null)
  // biome-ignore lint/correctness/useExhaustiveDependencies: each visit closes it, also one to where we are
  useEffect(() => {
    if (sidebar.current?.matches(':popover-open')) sidebar.current.hidePopover()
  }, [route.visit])

  return (
    <nav ref={sidebar} id="conversations" className="sidebar" popover="auto" aria-label="Conversations">
      <p className="brand">Antiphon</p>
      <a
        className="new"
        href="#/"
        aria-current={route.conversationId === null && route.invitation === null ? 'page' : undefined}
      >
        New conversation
      </a>
      <div className="list">
        <ConversationList openId={route.conversationId} />
      </div>
      <footer>
        <SignIn />
        <a href="/graphql">GraphiQL</a>
      </footer>
    </nav>
  )
}
