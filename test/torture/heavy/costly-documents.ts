import { RequestError } from '../../harness/client.ts'
import type { Person } from '../../harness/person.ts'
import { type Crowd, crowdSettings, growCrowd } from '../crowd.ts'
import type { HeavyWork } from './work.ts'

interface Asked {
  document: string
  variables?: object
}

const rounds = 10

/** Asks, over and over, for as much as is just allowed, and for what is not. */
function costlyDocuments(name: string, documentsOf: (crowd: Crowd) => { allowed: Asked; refused: Asked }): HeavyWork {
  return {
    name,
    settings: crowdSettings,
    async prepare({ server, faults }) {
      const crowd = await growCrowd(server.url)
      const { allowed, refused } = documentsOf(crowd)
      return async () => {
        for (let round = 0; round < rounds; round++) {
          await crowd.alice.request(allowed.document, allowed.variables)
          const code = await refusalOf(crowd.alice, refused)
          if (code !== 'COST_EXCEEDED' && code !== 'BAD_USER_INPUT') faults.push(`${name}: not refused, but ${code}`)
        }
      }
    },
  }
}

async function refusalOf({ request }: Person, { document, variables }: Asked): Promise<unknown> {
  try {
    await request(document, variables)
    return null
  } catch (error) {
    if (error instanceof RequestError) return error.errors[0]?.extensions?.['code']
    throw error
  }
}

const inMessage = (selection: string) => `query ($id: ID!) { node(id: $id) { ... on Message { ${selection} } } }`
const page = (size: number, selection: string) =>
  `conversation { messages(first: ${size}) { edges { node { ${selection} } } } }`

export const siblingsNested = costlyDocuments('siblings of siblings', ({ answerIds: [id = ''] }) => ({
  allowed: {
    document: inMessage(
      'siblings { id content parent { siblingsCount } conversation { messages(last: 100) { edges { node { id } } } } }',
    ),
    variables: { id },
  },
  refused: { document: inMessage('siblings { siblings { siblings { siblings { __typename } } } }'), variables: { id } },
}))

export const messagesNested = costlyDocuments('pages of pages', ({ answerIds: [id = ''] }) => ({
  allowed: { document: inMessage(page(200, `id ${page(100, 'id content')}`)), variables: { id } },
  refused: { document: inMessage(page(200, page(200, page(200, 'id')))), variables: { id } },
}))

export const nodesMany = costlyDocuments('nodes of 15,000 ids', ({ messageIds, answerIds }) => {
  const ids = [...messageIds, ...answerIds]
  const document =
    'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Message { id content siblingsCount conversation { messages(last: 50) { edges { node { id } } } } } } }'
  return {
    allowed: { document, variables: { ids: ids.slice(0, 200) } },
    refused: { document, variables: { ids: Array.from({ length: 15_000 }, (_, index) => ids[index % ids.length]) } },
  }
})
