import { useState, useSyncExternalStore } from 'react'
import { readAuthorization } from '../connection/credential.ts'
import type { LoggedOperation, OperationLog } from '../connection/operation-log.ts'
import { CopyButton } from '../frame/copy-button.tsx'
import { Modal } from '../frame/dialog.tsx'
import { Code } from '../markdown/code-block.tsx'
import { graphiqlAddress, headersOf, snippetKinds, snippetOf } from './snippet.ts'

interface OperationDrawerProps {
  log: OperationLog
  onClose: () => void
}

/** The last operations of this page, and the code with which a program sends them. */
export function OperationDrawer({ log, onClose }: OperationDrawerProps) {
  const operations = useSyncExternalStore(log.onChange, log.read)
  const [chosenId, setChosenId] = useState<number | null>(null)
  const chosen = operations.find(({ id }) => id === chosenId) ?? operations.find(isInteresting) ?? operations[0]
  return (
    <Modal title="The GraphQL behind this page" className="drawer" onClose={onClose}>
      <div className="operations">
        <ol aria-label="Operations, the latest first">
          {operations.map(({ id, kind, name, at }) => (
            <li key={id}>
              <button type="button" className="quiet" aria-pressed={id === chosen?.id} onClick={() => setChosenId(id)}>
                <strong>{name}</strong>
                <span>
                  {kind} · {at.toLocaleTimeString('en', { hour12: false })}
                </span>
              </button>
            </li>
          ))}
        </ol>
        {chosen && <OperationView key={chosen.id} operation={chosen} />}
      </div>
    </Modal>
  )
}

/** True for an operation that a person causes, and false for one that the page sends by itself. */
function isInteresting({ name }: LoggedOperation): boolean {
  return name === 'CompletionStream'
}

function OperationView({ operation }: { operation: LoggedOperation }) {
  const request = { ...operation, url: `${location.origin}/graphql`, authorization: readAuthorization() }
  return (
    <div className="operation">
      <div className="buttons">
        <a className="button primary" href={graphiqlAddress(request)} target="_blank" rel="noopener">
          Open in GraphiQL
        </a>
        {snippetKinds.map((kind) => {
          const text = snippetOf(kind, request)
          return (
            text !== null && (
              <CopyButton key={kind} text={text} label={`Copy as ${kind}`}>
                {kind}
              </CopyButton>
            )
          )
        })}
      </div>
      <Code text={operation.document} language="graphql" />
      <h3>Variables</h3>
      <Code text={JSON.stringify(operation.variables, null, 2)} language="json" />
      <h3>Headers</h3>
      <Code text={JSON.stringify(headersOf(request), null, 2)} language="json" />
    </div>
  )
}
