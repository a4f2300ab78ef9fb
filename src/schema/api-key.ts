import type { ApiKey } from '../chat/access/api-key.ts'
import { builder } from './builder.ts'
import { createResult, failable } from './error.ts'
import { readId, writeId } from './global-id.ts'
import { Node } from './node.ts'

builder.objectType('ApiKey', {
  description: 'A secret with which a program signs in as the user who made it. Only that user can see the key.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.id({ description: 'Opaque and global.', resolve: ({ id }) => writeId('ApiKey', id) }),
    name: t.exposeString('name', { description: 'The name that its user gave it.' }),
    prefix: t.exposeString('prefix', {
      description: 'The beginning of the key, to tell it from others. It is not secret.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    lastUsedAt: t.expose('lastUsedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was last used to sign in, to the minute; null if it was never used.',
    }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it expires; null if it is valid until it is revoked.',
    }),
    revokedAt: t.expose('revokedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was revoked; null if it was not.',
    }),
  }),
})

const CreateApiKeyInput = builder.inputType('CreateApiKeyInput', {
  description: 'A new API key.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'A name to tell it from others: 1 to 100 characters.' }),
    expiresAt: t.field({
      type: 'DateTime',
      description:
        'When it expires, a time in the future; absent: it is valid until it is revoked. If you are signed in with an API key that ' +
        'expires, the time when that key expires is the latest possible time, and the default.',
    }),
  }),
})

const CreateApiKeyPayload = builder.objectRef<{ apiKey: ApiKey; secret: string }>('CreateApiKeyPayload').implement({
  description: 'The new API key and its secret, which is returned only this once.',
  fields: (t) => ({
    apiKey: t.expose('apiKey', { type: 'ApiKey', description: 'The key as it can be read later, too.' }),
    secret: t.exposeString('secret', {
      description: 'To be sent as `Authorization: Bearer <secret>`. It is only in this response, so keep it.',
    }),
  }),
})

const CreateApiKeyResult = createResult(
  'CreateApiKeyResult',
  'A new API key, or the reason why none was created.',
  CreateApiKeyPayload,
  ['INVALID_INPUT'],
)

const RevokeApiKeyPayload = builder.objectRef<{ apiKey: ApiKey }>('RevokeApiKeyPayload').implement({
  description: 'The API key was revoked: nobody can sign in with it any more.',
  fields: (t) => ({
    apiKey: t.expose('apiKey', { type: 'ApiKey', description: 'The key in its new state, with its `revokedAt`.' }),
  }),
})

const RevokeApiKeyResult = createResult(
  'RevokeApiKeyResult',
  'An API key that was revoked, or the reason why none was.',
  RevokeApiKeyPayload,
  ['NOT_FOUND'],
)

builder.mutationFields((t) => ({
  createApiKey: t.field({
    type: CreateApiKeyResult,
    nullable: true,
    description:
      'Creates an API key, with which a program signs in as the viewer and may do everything that the viewer may do. If the viewer is ' +
      'signed in with an API key, the new key expires no later than that key, and is revoked with it.',
    args: { input: t.arg({ type: CreateApiKeyInput, required: true, description: 'The properties of the new key.' }) },
    resolve: (_, { input }, { chat, viewer, signingKey }) => failable(chat.apiKeys.create(viewer, input, signingKey)),
  }),
  revokeApiKey: t.field({
    type: RevokeApiKeyResult,
    nullable: true,
    description:
      'Revokes an API key of the viewer for good, and the keys that were created with it. Connections that were opened with them are ' +
      'closed within seconds. Revoking a key again changes nothing.',
    args: { id: t.arg.id({ required: true, description: 'The id of the API key.' }) },
    resolve: (_, { id }, { chat, viewer }) =>
      failable(chat.apiKeys.revoke(viewer, readId('ApiKey', id)).then((apiKey) => ({ apiKey }))),
  }),
}))
