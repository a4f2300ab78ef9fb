import { useCallback, useEffect, useState } from 'react'
import { nodesOf } from '../connection/nodes.ts'
import { sentence } from '../connection/sentence.ts'
import { useEvents } from '../connection/use-events.ts'
import { useKeptQuery } from '../connection/use-kept-query.ts'
import { titleOf } from '../frame/title.ts'
import { addressOf } from '../frame/use-route.ts'
import { graphql } from '../generated/gql.ts'
import type { ConversationsQuery } from '../generated/graphql.ts'
import { timeGroups } from './time-group.ts'

const Conversations = graphql(`
  query Conversations($after: String, $isArchived: Boolean!) {
    conversations(first: 30, after: $after, filter: { archived: $isArchived }) {
      edges { node { id unreadCount updatedAt activeCompletions { id } ...TitleFields } }
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

/** The list of conversations, kept up to date with the server. */
export function ConversationList({ openId }: { openId: string | null }) {
  const [revision, setRevision] = useState(0)
  const [isArchived, setArchived] = useState(false)
  useEvents(
    ListEvents,
    noVariables,
    useCallback(() => setRevision((revision) => revision + 1), []),
  )
  return (
    <>
      <ConversationPage key={String(isArchived)} {...{ openId, revision, isArchived }} after={null} isFirst />
      <button type="button" className="quiet archive" onClick={() => setArchived(!isArchived)}>
        {isArchived ? 'Back to the conversations' : 'Archive'}
      </button>
    </>
  )
}

interface ConversationPageProps {
  openId: string | null
  /** Changes when the list has changed on the server. */
  revision: number
  isArchived: boolean
  after: string | null
  isFirst?: boolean
}

/** One page of the list. It contains the next page when that was requested. */
function ConversationPage({ openId, revision, isArchived, after, isFirst }: ConversationPageProps) {
  const [isLonger, setLonger] = useState(false)
  const { data, error, fetching, refresh } = useKeptQuery({ query: Conversations, variables: { after, isArchived } })
  // biome-ignore lint/correctness/useExhaustiveDependencies: a conversation that was open has been read, which causes no event
  useEffect(() => {
    if (revision > 0) refresh()
  }, [revision, openId, refresh])

  const page = data?.conversations
  if (error && !page) return <ListProblem text={sentence(error)} onRetry={refresh} />
  if (!page) return <p className="hint">{fetching ? 'Loading…' : ''}</p>

  const conversations = nodesOf(page.edges)
  const { hasNextPage, endCursor } = page.pageInfo
  if (conversations.length === 0)
    return isFirst ? <p className="hint">{isArchived ? 'The archive is empty.' : 'Nothing asked yet.'}</p> : null
  return (
    <>
      {timeGroups(conversations, new Date()).map(({ name, items }) => (
        <section key={name} aria-label={name}>
          <h2>{name}</h2>
          <ul>
            {items.map((conversation) => (
              <Entry key={conversation.id} {...{ conversation }} isOpen={conversation.id === openId} />
            ))}
          </ul>
        </section>
      ))}
      {hasNextPage && !isLonger && (
        <button type="button" className="quiet" onClick={() => setLonger(true)}>
          Show older ones
        </button>
      )}
      {hasNextPage && isLonger && <ConversationPage {...{ openId, revision, isArchived }} after={endCursor ?? null} />}
    </>
  )
}

type Conversation = NonNullable<ConversationsQuery['conversations']>['edges'][number]['node']

function Entry({ conversation, isOpen }: { conversation: Conversation; isOpen: boolean }) {
  const { id, unreadCount, activeCompletions } = conversation
  return (
    <li>
      <a href={addressOf(id)} aria-current={isOpen ? 'page' : undefined}>
        <span className="title" dir="auto">
          {titleOf(conversation)}
        </span>
        {activeCompletions.length > 0 && (
          <span className="running" role="img" aria-label="An answer is being written" />
        )}
        {unreadCount > 0 && !isOpen && (
          <span className="unread">
            {unreadCount < maxUnread ? unreadCount : `${maxUnread - 1}+`}
            <span className="sr-only"> unread</span>
          </span>
        )}
      </a>
    </li>
  )
}

/** The server counts only up to this number. */
const maxUnread = 100

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
