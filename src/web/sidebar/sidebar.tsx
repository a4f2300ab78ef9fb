import { useEffect, useRef } from 'react'
import { Icon } from '../frame/icon.tsx'
import type { Route } from '../frame/use-route.ts'
import { Account } from './account.tsx'
import { ConversationList } from './conversation-list.tsx'

interface SidebarProps {
  route: Route
  onNew: () => void
  onSearch: () => void
  onInspect: () => void
  onHelp: () => void
  onUsage: () => void
}

/** The sidebar is beside the conversation if there is room, else it is a popover over it. */
export function Sidebar({ route, onNew, onSearch, onInspect, onHelp, onUsage }: SidebarProps) {
  const sidebar = useRef<HTMLElement>(null)
  function close() {
    if (sidebar.current?.matches(':popover-open')) sidebar.current.hidePopover()
  }
  // biome-ignore lint/correctness/useExhaustiveDependencies: each visit closes it, also a visit to the current place
  useEffect(close, [route.visit])
  const open = (show: () => void) => () => {
    close()
    show()
  }

  return (
    <nav ref={sidebar} id="conversations" className="sidebar" popover="auto" aria-label="Conversations">
      <p className="brand">Antiphon</p>
      <div className="ways">
        <button
          type="button"
          className="new"
          onClick={open(onNew)}
          aria-current={route.conversationId === null && route.invitation === null ? 'page' : undefined}
        >
          <Icon name="plus" />
          New conversation
        </button>
        <button type="button" className="quiet" onClick={open(onSearch)}>
          <Icon name="search" />
          Search
          <kbd>Ctrl K</kbd>
        </button>
      </div>
      <div className="list">
        <ConversationList openId={route.conversationId} />
      </div>
      <footer>
        <div className="ways">
          <button type="button" className="quiet" onClick={open(onInspect)}>
            <Icon name="code" />
            Show the GraphQL
          </button>
          <p className="links">
            <a href="/graphql">GraphiQL</a>
            <a href="/schema.graphql">Schema</a>
            <button type="button" className="quiet" aria-label="Keyboard" title="Keyboard (?)" onClick={open(onHelp)}>
              ?
            </button>
          </p>
        </div>
        <Account onUsage={open(onUsage)} />
      </footer>
    </nav>
  )
}
