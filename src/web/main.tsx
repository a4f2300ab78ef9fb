import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { Provider } from 'urql'
import { App } from './app.tsx'
import { createPageClient } from './connection/client.ts'
import { connect } from './connection/connection.ts'
import { ConnectionContext } from './connection/connection-context.ts'
import { adoptCredential, hasTokenInAddress, readAuthorization } from './connection/credential.ts'
import { createOperationLog } from './connection/operation-log.ts'
import { applyTheme } from './frame/theme.ts'

const root = document.getElementById('root')
if (root === null) throw new Error('The page has no place to be drawn in: #root is missing.')

applyTheme()
const handedToken = adoptCredential()
// An address that is typed into an open tab does not load the page again.
addEventListener('hashchange', () => {
  if (hasTokenInAddress()) location.reload()
})
const authorization = readAuthorization()
const connection = connect(authorization)
const log = createOperationLog()
createRoot(root).render(
  <StrictMode>
    <ConnectionContext value={connection}>
      <Provider value={createPageClient(connection, log, authorization)}>
        <App log={log} handedToken={handedToken} />
      </Provider>
    </ConnectionContext>
  </StrictMode>,
)

// The parser is loaded after the first view was rendered, so that it is available for the first answer.
requestIdleCallback?.(() => void import('./markdown/markdown.tsx'))
