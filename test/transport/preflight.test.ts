import { expect, test } from 'vitest'
import { openDoor } from '../harness/door.ts'

const friend = 'https://friend.example'

test("a page of an allowed origin may send all headers that Apollo's client sends", async () => {
  const { url } = await openDoor({ allowedOrigins: [friend] })
  const wanted = [
    'apollo-require-preflight',
    'apollographql-client-name',
    'apollographql-client-version',
    'authorization',
    'content-type',
    'x-apollo-operation-name',
  ]
  const response = await fetch(`${url}/graphql`, {
    method: 'OPTIONS',
    headers: {
      origin: friend,
      'access-control-request-method': 'POST',
      'access-control-request-headers': wanted.join(','),
    },
  })
  expect(response.status).toBe(204)
  const allowed = (response.headers.get('access-control-allow-headers') ?? '').split(', ')
  expect(allowed.sort()).toEqual(wanted)
})
