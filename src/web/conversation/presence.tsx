import { useCallback, useRef } from 'react'
import { useMutation, useQuery, useSubscription } from 'urql'
import { Viewer } from '../connection/viewer.ts'
import { graphql } from '../generated/gql.ts'

const ConversationPresence = graphql(`
  subscription ConversationPresence($id: ID!) {
    conversationPresence(conversationId: $id) { user { id name } isTyping }
  }
`)

const AnnounceTyping = graphql(`
  mutation AnnounceTyping($id: ID!) {
    announceTyping(conversationId: $id) { __typename }
  }
`)

/** An announcement lasts 6 seconds, and is repeated after this time, in ms. */
const repeatMs = 3_000

/** The other people who have the conversation open, and whether they are writing. */
export function Presence({ conversationId }: { conversationId: string }) {
  const [{ data }] = useSubscription({ query: ConversationPresence, variables: { id: conversationId } })
  const [{ data: own }] = useQuery({ query: Viewer })
  const others = (data?.conversationPresence ?? []).filter(({ user }) => own && user.id !== own.viewer.id)
  const names = others.map(({ user, isTyping }) => `${user.name ?? 'somebody'}${isTyping ? ' (writing…)' : ''}`)
  return (
    <p role="status" className="presence">
      {names.length > 0 && `Also here: ${names.join(', ')}`}
    </p>
  )
}

/** Returns a function to call whenever the viewer types. The id is null while there is no conversation yet. */
export function useTyping(conversationId: string | null): () => void {
  const [, announce] = useMutation(AnnounceTyping)
  const lastMs = useRef(Number.NEGATIVE_INFINITY)
  return useCallback(() => {
    if (conversationId === null || performance.now() - lastMs.current < repeatMs) return
    lastMs.current = performance.now()
    void announce({ id: conversationId })
  }, [conversationId, announce])
}
