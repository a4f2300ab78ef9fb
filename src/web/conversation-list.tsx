import { useEffect, useState } from 'react'
import { useQuery } from 'urql'
import { graphql } from './generated/gql.ts'
import { nodesOf } from './nodes.ts'
import { sentence } from './sentence.ts'
import { titleOf } from './title.ts'
import { addressOf } from './use-route.ts'

const Conversations = graphql(`
  query Conversations($after: String) {
    conversations(first: 30, after: $after) {
      edges { node { id ...TitleFields } }
      pageInfo { hasNextPage endCursor }
    }
  }
`)

interface ConversationListProps {
  openId: string | null
  /** another number: the list has changed on the server */
  revision: number
  after?: string | null
}

/** One page of the list; the next one follows inside it when it is asked for. */
export function ConversationList({ openId, revision, after = null }: ConversationListProps) {
  const [isLonger, setLonger] = useState(false)
  const [{ data, error, fetching }, refresh] = useQuery({ query: Conversations, variables: { after } })
  useEffect(() => {
    if (revision > 0) refresh({ requestPolicy: 'network-only' })
  }, [revision, refresh])

  if (error && !data) return <ListProblem text={sentence(error)} onRetry={refresh} />
  if (!data) return <p className="hint">{fetching ? 'Loading…' : ''}</p>

  const conversations = nodesOf(data.conversations.edges)
  const { hasNextPage, endCursor } = data.conversations.pageInfo
  if (conversations.length === 0) return after === null ? <p className="hint">Nothing asked yet.</p> : null
  return (
    <>
      <ul>
        {conversations.map((conversation) => (
          <li key={conversation.id}>
            <a href={addressOf(conversation.id)} aria-current={conversation.id === openId ? 'page' : undefined}>
              {titleOf(conversation)}
            </a>
          </li>
        ))}
      </ul>
      {hasNextPage && !isLonger && (
        <button type="button" className="quiet" onClick={() => setLonger(true)}>
          Show older ones
        </button>
      )}
      {hasNextPage && isLonger && <ConversationList openId={openId} revision={revision} after={endCursor} />}
    </>
  )
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
