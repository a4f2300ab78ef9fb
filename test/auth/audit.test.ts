import { serverAudits } from 'graphql-http'
import { expect, test } from 'vitest'
import { openDoor } from '../harness/door.ts'

// The same list for every server: it is there before one is asked.
const audits = serverAudits({ url: '' }).map(({ id, name }) => [id, name] as const)

test.each(audits)('audit %s of GraphQL over HTTP: %s', async (id) => {
  const { url } = await openDoor()
  const audit = serverAudits({ url: `${url}/graphql` }).find((one) => one.id === id)
  const result = await audit?.fn()
  expect(result).toMatchObject({ status: 'ok' })
})
