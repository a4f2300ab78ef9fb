import type { Edge, Page } from '../chat/conversation/page.ts'
import { builder, type Objects } from './builder.ts'
import { part } from './cost.ts'

export const PageInfo = builder.objectRef<Page<unknown>>('PageInfo').implement({
  extensions: part,
  description: 'The position of a page in its list.',
  fields: (t) => ({
    hasNextPage: t.exposeBoolean('hasNextPage', {
      description: 'Whether the list continues after this page. The next page is read with `after: endCursor`.',
    }),
    hasPreviousPage: t.exposeBoolean('hasPreviousPage', {
      description: 'Whether the list has items before this page. The previous page is read with `before: startCursor`.',
    }),
    startCursor: t.string({
      nullable: true,
      description: 'The cursor of the first edge; null when the page is empty.',
      resolve: ({ edges }) => edges.at(0)?.cursor,
    }),
    endCursor: t.string({
      nullable: true,
      description: 'The cursor of the last edge; null when the page is empty.',
      resolve: ({ edges }) => edges.at(-1)?.cursor,
    }),
  }),
})

/** Creates the types of a connection and its edge for an object type, named after it. */
export function createConnection<Name extends keyof Objects>(name: Name, words: string) {
  const EdgeType = builder.objectRef<Edge<Objects[Name]>>(`${name}Edge`).implement({
    extensions: part,
    description: `One of the ${words}, with its position in the list.`,
    fields: (t) => ({
      cursor: t.exposeString('cursor', { description: 'An opaque cursor, to be passed as `after` or `before`.' }),
      // The type is a parameter, so Pothos cannot infer what the resolver has to return.
      node: t.field({ type: name, description: `One of the ${words}.`, resolve: ({ node }) => node as never }),
    }),
  })
  const ConnectionType = builder.objectRef<Page<Objects[Name]>>(`${name}Connection`).implement({
    description: `A page of the ${words}.`,
    fields: (t) => ({
      edges: t.field({ type: [EdgeType], description: 'In the order of the list.', resolve: ({ edges }) => edges }),
      pageInfo: t.field({
        type: PageInfo,
        description: 'Whether there are more pages, and the cursors to read them.',
        resolve: (page) => page,
      }),
    }),
  })
  return { Connection: ConnectionType, Edge: EdgeType }
}
