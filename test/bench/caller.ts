import type { Pool } from 'undici'
import { modelOf } from './model-answer.ts'
import type { Reading } from './reading.ts'

const query = `mutation ($input: CreateCompletionInput!) {
  createCompletion(input: $input) {
    ... on CreateCompletionPayload { completion { status choices { message { content } } } }
    ... on Error { message }
  }
}`

interface Body {
  data?: { createCompletion: { completion?: { choices: { message: { content: string } }[] } } }
}

/** Asks by a mutation, and waits for the whole answer. */
export async function callOnce(pool: Pool, { question, shape, take }: Reading): Promise<void> {
  const input = { model: modelOf(shape), messages: [{ role: 'USER', content: question }] }
  const headers = { 'content-type': 'application/json', authorization: 'Dev bench' }
  const body = JSON.stringify({ query, variables: { input } })
  const response = await pool.request({ method: 'POST', path: '/graphql', headers, body })
  const told = (await response.body.json()) as Body
  const content = told.data?.createCompletion.completion?.choices[0]?.message.content
  if (content === undefined) throw new Error(`The server answered ${response.statusCode}: ${JSON.stringify(told)}`)
  take(content)
}
