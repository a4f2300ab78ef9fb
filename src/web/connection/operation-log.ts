import { type Exchange, type Operation, stringifyDocument } from 'urql'
import { pipe, tap } from 'wonka'

export interface LoggedOperation {
  /** Increases with each operation. */
  id: number
  kind: 'query' | 'mutation' | 'subscription'
  name: string
  document: string
  variables: object
  at: Date
}

const maxOperations = 30

/** The last operations that this page sent, the latest first. */
export interface OperationLog {
  exchange: Exchange
  read(): readonly LoggedOperation[]
  onChange(listener: () => void): () => void
}

export function createOperationLog(): OperationLog {
  const listeners = new Set<() => void>()
  let operations: readonly LoggedOperation[] = []
  let lastId = 0
  /** The queries without a result, by urql's key. */
  const open = new Map<number, number>()

  function note({ key, kind, query, variables }: Operation) {
    if (kind === 'teardown') return forget(key)
    const document = stringifyDocument(query)
      .replace(/^# .*\n/, '')
      .trim()
    const name = /^(?:query|mutation|subscription) (\w+)/m.exec(document)?.[1] ?? kind
    lastId += 1
    if (kind === 'query') open.set(key, lastId)
    const operation = { id: lastId, kind, name, document, variables: variables ?? {}, at: new Date() }
    operations = [operation, ...operations].slice(0, maxOperations)
    for (const listener of listeners) listener()
  }

  /** While it renders, urql begins each query once and ends it at once, before it is sent. */
  function forget(key: number) {
    operations = operations.filter(({ id }) => id !== open.get(key))
    open.delete(key)
    for (const listener of listeners) listener()
  }

  return {
    exchange:
      ({ forward }) =>
      (operations$) =>
        pipe(
          forward(pipe(operations$, tap(note))),
          tap(({ operation }) => open.delete(operation.key)),
        ),
    read: () => operations,
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
