import { useCallback, useEffect, useState } from 'react'
import { useQuery } from 'urql'
import { nodesOf } from '../connection/nodes.ts'
import { sentence } from '../connection/sentence.ts'
import { useEvents } from '../connection/use-events.ts'
import { titleOf } from '../frame/title.ts'
import { addressOf } from '../frame/use-route.ts'
import { graphql } from '../generated/gql.ts'

const Conversations = graphql(`
  query Conversations($after: String) {
    conversations(first: 30, after: $after) {
      edges { node { id unreadCount ...TitleFields } }
      pageInfo { hasNextPage endCursor }
    }
  }
`)

const ListEvents = graphql(`
  subscription ListEvents {
    viewerEvents { __typename }
  }
`)

const noVariables = {}

/** The list as it stands on the server. */
export function ConversationList({ openId }: { openId: string | null }) {
  const [revision, setRevision] = useState(0)
  useEvents(
    ListEvents,
    noVariables,
    useCallback(() => setRevision((revision) => revision + 1), []),
  )
  return <ConversationPage openId={openId} revision={revision} after={null} />
}

interface ConversationPageProps {
  openId: string | null
  /** another number: the list has changed on the server */
  revision: number
  after: string | null
}

/** One page of the list; the next one follows inside it when it is asked for. */
function ConversationPage({ openId, revision, after }: ConversationPageProps) {
  const [isLonger, setLonger] = useState(false)
  const [{ data, error, fetching }, refresh] = useQuery({ query: Conversations, variables: { after } })
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was open has been read, of which no event tells
  useEffect(() => {
    if (revision > 0) refresh({ requestPolicy: 'network-only' })
  }, [revision, openId, refresh])

  const page = data?.conversations
  if (error && !page) return <ListProblem text={sentence(error)} onRetry={refresh} />
  if (!page) return <p className="hint">{fetching ? 'Loading…' : ''}</p>

  const conversations = nodesOf(page.edges)
  const { hasNextPage, endCursor } = page.pageInfo
  if (conversations.length === 0) return after === null ? <p className="hint">Nothing asked yet.</p> : null
  return (
    <>
      <ul>
        {conversations.map((conversation) => (
          <li key={conversation.id}>
            <a href={addressOf(conversation.id)} aria-current={conversation.id === openId ? 'page' : undefined}>
              {titleOf(conversation)}
              {conversation.unreadCount > 0 && conversation.id !== openId && (
                <>
                  {' '}
                  <span className="unread">{unreadOf(conversation.unreadCount)}</span>
                </>
              )}
            </a>
          </li>
        ))}
      </ul>
      {hasNextPage && !isLonger && (
        <button type="button" className="quiet" onClick={() => setLonger(true)}>
          Show older ones
        </button>
      )}
      {hasNextPage && isLonger && <ConversationPage openId={openId} revision={revision} after={endCursor ?? null} />}
    </>
  )
}

/** The server counts up to 100. */
function unreadOf(count: number): string {
  return count < 100 ? `${count} unread` : '99+ unread'
}

function ListProblem({ text, onRetry }: { text: string; onRetry: () => void }) {
  return (
    <div role="alert" className="problem">
      <p>{text}</p>
      <button type="button" onClick={onRetry}>
        Try again
      </button>
    </div>
  )
}
