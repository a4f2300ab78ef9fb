import { execute, type Sender } from './client.ts'
import { inFailures } from './fragments.ts'
import { fieldOf, operationsBy, type Person } from './person.ts'

const apiKeyFields = 'fragment K on ApiKey { id name prefix createdAt lastUsedAt expiresAt revokedAt }'

const createApiKey = `mutation ($input: CreateApiKeyInput!) {
  createApiKey(input: $input) { ...F ... on CreateApiKeyPayload { secret apiKey { ...K } } }
} ${apiKeyFields} ${inFailures}`

export const revokeApiKey = `mutation ($id: ID!) {
  revokeApiKey(id: $id) { ...F ... on RevokeApiKeyPayload { apiKey { ...K } } }
} ${apiKeyFields} ${inFailures}`

export const apiKeyNode = `query ($id: ID!) { node(id: $id) { ...K } } ${apiKeyFields}`

const viewerApiKeys = `{ viewer { apiKeys { ...K } } } ${apiKeyFields}`

export interface ApiKey {
  id: string
  name: string
  prefix: string
  createdAt: string
  lastUsedAt: string | null
  expiresAt: string | null
  revokedAt: string | null
}

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
