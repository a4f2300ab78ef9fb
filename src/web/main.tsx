import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { Provider } from 'urql'
import { App } from './app.tsx'
import { createPageClient } from './connection/client.ts'
import { connect } from './connection/connection.ts'
import { authorizationOf, readName } from './connection/name.ts'

const root = document.getElementById('root')
if (root === null) throw new Error('The page has no place to be drawn in: #root is missing.')

const authorization = authorizationOf(readName())
const connection = connect(authorization)
createRoot(root).render(
  <StrictMode>
    <Provider value={createPageClient(connection, authorization)}>
      <App connection={connection} />
    </Provider>
  </StrictMode>,
)
