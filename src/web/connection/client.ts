import { type Client, cacheExchange, createClient, fetchExchange, subscriptionExchange } from 'urql'
import type { Connection } from './connection.ts'
import type { OperationLog } from './operation-log.ts'

export function createPageClient({ socket }: Connection, log: OperationLog, authorization: string | null): Client {
  return createClient({
    url: '/graphql',
    fetchOptions: authorization === null ? {} : { headers: { authorization } },
    // The server accepts queries by GET, too, but a POST is never cached by a proxy or a browser.
    preferGetMethod: false,
    exchanges: [
      cacheExchange,
      log.exchange,
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: ({ query = '', variables }) => ({
          subscribe: (sink) => ({
            unsubscribe: socket.subscribe({ query, variables: { ...variables } }, sink),
          }),
        }),
      }),
    ],
  })
}
