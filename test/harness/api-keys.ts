import { execute, type Sender } from './client.ts'
import { type ApiKey, createApiKey, revokeApiKey, viewerApiKeys } from './documents.ts'
import { fieldOf, operationsBy, type Person } from './person.ts'

export interface Made {
  secret: string
  apiKey: ApiKey
}

const makingBy = ({ request }: Person) =>
  operationsBy(request)<[input: object], Made>(createApiKey, (input) => ({ input: { name: 'a robot', ...input } }))
const revokingBy = ({ request }: Person) =>
  fieldOf(
    operationsBy(request)<[id: string], { apiKey: ApiKey }>(revokeApiKey, (id) => ({ id })),
    'apiKey',
  )

export const make = Object.assign((person: Person, input: object = {}) => makingBy(person)(input), {
  refuse: (person: Person, input: object = {}) => makingBy(person).refuse(input),
})

export const revoke = Object.assign((person: Person, id: string) => revokingBy(person)(id), {
  refuse: (person: Person, id: string) => revokingBy(person).refuse(id),
})

export async function keysOf(person: Person): Promise<ApiKey[]> {
  return (await person.request<{ viewer: { apiKeys: ApiKey[] } }>(viewerApiKeys)).viewer.apiKeys
}

export function by(secret: string): Sender {
  return { authorization: `Bearer ${secret}` }
}

/** Returns the status, and the viewer's id or the code of the error. */
export async function viewerBy(url: string, sender: Sender): Promise<unknown[]> {
  const { status, data, errors } = await execute<{ viewer: { id: string } }>(url, '{ viewer { id } }', {}, sender)
  return [status, data?.viewer.id ?? errors?.[0]?.extensions?.['code']]
}

export async function idOf(person: Person): Promise<string> {
  return (await person.request<{ viewer: { id: string } }>('{ viewer { id } }')).viewer.id
}
