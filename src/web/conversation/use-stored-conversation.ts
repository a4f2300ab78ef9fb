import { useCallback, useEffect, useRef, useState } from 'react'
import { useClient, useMutation } from 'urql'
import { nodesOf } from '../connection/nodes.ts'
import { sentence } from '../connection/sentence.ts'
import { useEvents } from '../connection/use-events.ts'
import { useKeptQuery } from '../connection/use-kept-query.ts'
import { graphql } from '../generated/gql.ts'
import type { ConversationQuery as Data, MessageFieldsFragment } from '../generated/graphql.ts'

const ConversationQuery = graphql(`
  query Conversation($id: ID!) {
    conversation(id: $id) {
      id
      viewerRole
      eventCursor
      archivedAt
      systemPrompt
      ...TitleFields
      defaults { model temperature topP maxTokens contextStrategy }
      activeCompletions { id }
      messages(last: 50) {
        edges { node { ...MessageFields } }
        pageInfo { hasPreviousPage startCursor }
      }
    }
  }
`)

const EarlierMessages = graphql(`
  query EarlierMessages($id: ID!, $before: String) {
    conversation(id: $id) {
      id
      messages(last: 50, before: $before) {
        edges { node { ...MessageFields } }
        pageInfo { hasPreviousPage startCursor }
      }
    }
  }
`)

const ConversationEvents = graphql(`
  subscription ConversationEvents($id: ID!, $after: Cursor!) {
    conversationEvents(conversationId: $id, after: $after) { __typename }
  }
`)

const MarkRead = graphql(`
  mutation MarkRead($id: ID!) {
    markRead(messageId: $id) { __typename }
  }
`)

export type StoredConversation = NonNullable<Data['conversation']>
type Page = StoredConversation['messages']

/** The stored conversation, which is read again whenever something happens in it. */
export function useStoredConversation(conversationId: string | null) {
  const { data, error, fetching, refresh } = useKeptQuery({
    query: ConversationQuery,
    variables: { id: conversationId ?? '' },
    pause: conversationId === null,
    requestPolicy: 'cache-and-network',
  })
  const stored = (conversationId !== null && data?.conversation) || null
  const path = usePath(stored)
  useFreshness(stored, refresh)
  useMarkRead(path.messages.at(-1)?.id)
  return {
    stored,
    ...path,
    isMissing: conversationId !== null && !fetching && data?.conversation === null,
    isLoading: conversationId !== null && data === undefined && error === undefined,
    problem: error ? sentence(error) : null,
    refresh,
  }
}

interface Path {
  messages: readonly MessageFieldsFragment[]
  /** The cursor of the first message; null if there is no message before it. */
  before: string | null
}

/** The latest page of the messages, with the earlier pages that were requested. */
function usePath(stored: StoredConversation | null) {
  const client = useClient()
  const [path, setPath] = useState<Path>({ messages: [], before: null })
  const [seen, setSeen] = useState<Page>()
  const isLoading = useRef(false)
  if (stored !== null && stored.messages !== seen) {
    setSeen(stored.messages)
    setPath(joined(path, stored.messages))
  }

  const id = stored?.id
  const { before } = path
  const loadEarlier = useCallback(async () => {
    if (id === undefined || before === null || isLoading.current) return
    isLoading.current = true
    const { data } = await client.query(EarlierMessages, { id, before })
    isLoading.current = false
    const page = data?.conversation?.messages
    // The path may have changed meanwhile.
    if (page) setPath((path) => (path.before === before ? preceded(path, page) : path))
  }, [client, id, before])

  return { messages: path.messages, hasEarlier: before !== null, loadEarlier }
}

/**
 * Each new message at the end of the latest page removes one at its beginning, so messages before the page are taken from the
 * path.
 */
function joined(path: Path, page: Page): Path {
  const latest = nodesOf(page.edges)
  const at = path.messages.findIndex(({ id }) => id === latest[0]?.id)
  if (at <= 0) return { messages: latest, before: beforeOf(page) }
  return { messages: [...path.messages.slice(0, at), ...latest], before: path.before }
}

function preceded(path: Path, page: Page): Path {
  return { messages: [...nodesOf(page.edges), ...path.messages], before: beforeOf(page) }
}

function beforeOf({ pageInfo }: Page): string | null {
  return pageInfo.hasPreviousPage ? (pageInfo.startCursor ?? null) : null
}

function useFreshness(stored: StoredConversation | null, refresh: () => void) {
  // The first cursor that was read is kept, because another cursor would cause another subscription.
  const after = useRef<string>(undefined)
  after.current ??= stored?.eventCursor
  const variables = stored && after.current ? { id: stored.id, after: after.current } : null
  useEvents(ConversationEvents, variables, refresh)
}

/** A message in a tab that nobody looks at does not count as read. */
function useMarkRead(lastId: string | undefined) {
  const [, markRead] = useMutation(MarkRead)
  useEffect(() => {
    if (lastId === undefined) return
    const mark = () => {
      if (document.hidden) return
      document.removeEventListener('visibilitychange', mark)
      void markRead({ id: lastId })
    }
    document.addEventListener('visibilitychange', mark)
    mark()
    return () => document.removeEventListener('visibilitychange', mark)
  }, [lastId, markRead])
}
