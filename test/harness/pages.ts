import { expect } from 'vitest'

export interface Connection<Node> {
  edges: { cursor: string; node: Node }[]
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null }
}

interface PageInput {
  first?: number
  after?: string | null
  last?: number
  before?: string | null
}

type ReadPage<Node> = (input: PageInput) => Promise<Connection<Node>>

/** Reads a list page by page from one end to the other, and checks the page info of each page. */
export async function walk<Node extends { id: string }>(
  read: ReadPage<Node>,
  size: number,
  way: 'forwards' | 'backwards',
) {
  const isForwards = way === 'forwards'
  const ids: string[] = []
  let cursor: string | null = null
  for (;;) {
    const page: Connection<Node> = await read(
      isForwards ? { first: size, after: cursor } : { last: size, before: cursor },
    )
    const { pageInfo, edges } = page
    expect(edges.length).toBeLessThanOrEqual(size)
    expect(pageInfo).toMatchObject({
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
      [isForwards ? 'hasPreviousPage' : 'hasNextPage']: cursor !== null,
    })
    const onPage = edges.map(({ node }) => node.id)
    if (isForwards) ids.push(...onPage)
    else ids.unshift(...onPage)
    if (!(isForwards ? pageInfo.hasNextPage : pageInfo.hasPreviousPage)) return ids
    cursor = isForwards ? pageInfo.endCursor : pageInfo.startCursor
  }
}

/** Arguments that every list refuses, and the argument that the refusal names. */
export const badPages: [input: object, named: string][] = [
  [{ first: -1 }, 'first'],
  [{ first: 201 }, 'first'],
  [{ last: -1 }, 'last'],
  [{ last: 1_000_000 }, 'last'],
  [{ first: 1, last: 1 }, 'last'],
  [{ first: 1, after: 'nonsense' }, 'after'],
  [{ last: 1, before: '' }, 'before'],
]
