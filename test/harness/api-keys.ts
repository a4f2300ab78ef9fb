import { execute, type Sender } from './client.ts'
import { type ApiKey, createApiKey, revokeApiKey, viewerApiKeys } from './documents.ts'
import type { Person } from './person.ts'

interface Made {
  secret: string
  apiKey: ApiKey
}

export async function make(person: Person, input: object = {}): Promise<Made> {
  const given = { input: { name: 'a robot', ...input } }
  return (await person.request<{ createApiKey: Made }>(createApiKey, given)).createApiKey
}

export async function revoke(person: Person, id: string): Promise<ApiKey> {
  return (await person.request<{ revokeApiKey: ApiKey }>(revokeApiKey, { id })).revokeApiKey
}

export async function keysOf(person: Person): Promise<ApiKey[]> {
  return (await person.request<{ viewer: { apiKeys: ApiKey[] } }>(viewerApiKeys)).viewer.apiKeys
}

export function by(secret: string): Sender {
  return { authorization: `Bearer ${secret}` }
}

/** The status, and the viewer's id or what was wrong. */
export async function viewerBy(url: string, sender: Sender): Promise<unknown[]> {
  const { status, data, errors } = await execute<{ viewer: { id: string } }>(url, '{ viewer { id } }', {}, sender)
  return [status, data?.viewer.id ?? errors?.[0]?.extensions?.['code']]
}

export async function idOf(person: Person): Promise<string> {
  return (await person.request<{ viewer: { id: string } }>('{ viewer { id } }')).viewer.id
}
