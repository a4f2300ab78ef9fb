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

  function note({ kind, query, variables }: Operation) {
    if (kind === 'teardown') return
    const document = stringifyDocument(query)
      .replace(/^# .*\n/, '')
      .trim()
    const name = /^(?:query|mutation|subscription) (\w+)/m.exec(document)?.[1] ?? kind
    lastId += 1
    const operation = { id: lastId, kind, name, document, variables: variables ?? {}, at: new Date() }
    operations = [operation, ...operations].slice(0, maxOperations)
    for (const listener of listeners) listener()
  }

  return {
    exchange:
      ({ forward }) =>
      (operations$) =>
        forward(pipe(operations$, tap(note))),
    read: () => operations,
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
