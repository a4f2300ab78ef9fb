import { useEffect } from 'react'
import { type AnyVariables, type TypedDocumentNode, useClient } from 'urql'

/** Events in quick succession are one. */
const gatherMs = 200

/** Calls back soon after anything that the subscription tells; null for the variables: it waits for them. */
export function useEvents<Data, Variables extends AnyVariables>(
  query: TypedDocumentNode<Data, Variables>,
  variables: Variables | null,
  onEvents: () => void,
) {
  const client = useClient()
  const key = JSON.stringify(variables)
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key says whether the variables are others
  useEffect(() => {
    if (variables === null) return
    let timer: ReturnType<typeof setTimeout> | undefined
    const { unsubscribe } = client.subscription(query, variables).subscribe(() => {
      timer ??= setTimeout(() => {
        timer = undefined
        onEvents()
      }, gatherMs)
    })
    return () => {
      clearTimeout(timer)
      unsubscribe()
    }
  }, [client, query, key, onEvents])
}
