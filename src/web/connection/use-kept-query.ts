import { useCallback, useRef } from 'react'
import { type AnyVariables, type CombinedError, type UseQueryArgs, useQuery } from 'urql'
import { useReconnected } from './connection-context.ts'

export interface KeptQuery<Data> {
  data: Data | undefined
  /** The reason why there is no data. Data that was read before stays in spite of a later error. */
  error: CombinedError | undefined
  fetching: boolean
  refresh: () => void
}

/** A query whose last result stays if a later read fails, and which is read again when a lost connection is restored. */
export function useKeptQuery<Data, Variables extends AnyVariables>(
  args: UseQueryArgs<Variables, Data>,
): KeptQuery<Data> {
  const [{ data, error, fetching }, execute] = useQuery(args)
  const key = JSON.stringify(args.variables)
  const kept = useRef<{ key: string; data: Data }>(undefined)
  if (data) kept.current = { key, data }
  const shown = data ?? (kept.current?.key === key ? kept.current.data : undefined)
  const isPaused = args.pause === true
  const refresh = useCallback(() => {
    if (!isPaused) execute({ requestPolicy: 'network-only' })
  }, [execute, isPaused])
  useReconnected(refresh)
  return { data: shown, error: shown ? undefined : error, fetching, refresh }
}
