import { useEffect } from 'react'
import { type AnyVariables, type TypedDocumentNode, useClient } from 'urql'

/** Events within this time cause only one call. */
const gatherMs = 200

/** Calls back soon after each event of the subscription. It does not subscribe while the variables are null. */
export function useEvents<Data, Variables extends AnyVariables>(
  query: TypedDocumentNode<Data, Variables>,
  variables: Variables | null,
  onEvents: () => void,
) {
  const client = useClient()
  const key = JSON.stringify(variables)
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key changes when the variables change
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
