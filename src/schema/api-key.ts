import type { ApiKey } from '../chat/access/api-key.ts'
import { builder } from './builder.ts'
import { createResult, failable } from './error.ts'
import { readId, writeId } from './global-id.ts'
import { Node } from './node.ts'

builder.objectType('ApiKey', {
  description: 'What a program signs in with, as the user who made it. Only that user sees it.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.id({ description: 'Opaque and global.', resolve: ({ id }) => writeId('ApiKey', id) }),
    name: t.exposeString('name', { description: 'What its user calls it.' }),
    prefix: t.exposeString('prefix', { description: 'What the key begins with, to tell it from others; no secret.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    lastUsedAt: t.expose('lastUsedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it last signed somebody in, to the minute; null when it never did.',
    }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      nullable: true,
      description: 'From when on it signs nobody in; null when it does so until it is revoked.',
    }),
    revokedAt: t.expose('revokedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was revoked; null when it was not.',
    }),
  }),
})

const CreateApiKeyInput = builder.inputType('CreateApiKeyInput', {
  description: 'A new API key.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'To tell it from others: 1 to 100 characters.' }),
    expiresAt: t.field({
      type: 'DateTime',
      description:
        'From when on it is to sign nobody in, a time in the future; absent: it does so until it is revoked. Where you are signed in ' +
        'with an API key that expires, that is the latest time, and the default.',
    }),
  }),
})

const CreateApiKeyPayload = builder.objectRef<{ apiKey: ApiKey; secret: string }>('CreateApiKeyPayload').implement({
  description: 'The new API key, and its secret, which is told this once.',
  fields: (t) => ({
    apiKey: t.expose('apiKey', { type: 'ApiKey', description: 'What can be seen of it later, too.' }),
    secret: t.exposeString('secret', {
      description: 'Sent as `Authorization: Bearer <secret>`. It is in this answer only, so keep it.',
    }),
  }),
})

const CreateApiKeyResult = createResult(
  'CreateApiKeyResult',
  'A new API key, or why there is none.',
  CreateApiKeyPayload,
  ['INVALID_INPUT'],
)

const RevokeApiKeyPayload = builder.objectRef<{ apiKey: ApiKey }>('RevokeApiKeyPayload').implement({
  description: 'The API key signs nobody in any more.',
  fields: (t) => ({
    apiKey: t.expose('apiKey', { type: 'ApiKey', description: 'As it is now, with its `revokedAt`.' }),
  }),
})

const RevokeApiKeyResult = createResult(
  'RevokeApiKeyResult',
  'An API key that was revoked, or why there was none.',
  RevokeApiKeyPayload,
  ['NOT_FOUND'],
)

builder.mutationFields((t) => ({
  createApiKey: t.field({
    type: CreateApiKeyResult,
    nullable: true,
    description:
      'Makes an API key, with which a program signs in as the viewer, and may do all that the viewer may. A key that is made by ' +
      'somebody who is signed in with an API key ends no later than that key, and is revoked with it.',
    args: { input: t.arg({ type: CreateApiKeyInput, required: true, description: 'What it is to be like.' }) },
    resolve: (_, { input }, { chat, viewer, signingKey }) => failable(chat.apiKeys.create(viewer, input, signingKey)),
  }),
  revokeApiKey: t.field({
    type: RevokeApiKeyResult,
    nullable: true,
    description:
      'Ends an API key of the viewer for good, and the keys that were made by it; what is open by them is closed within seconds. ' +
      'Once more changes nothing.',
    args: { id: t.arg.id({ required: true, description: 'The id of the API key.' }) },
    resolve: (_, { id }, { chat, viewer }) =>
      failable(chat.apiKeys.revoke(viewer, readId('ApiKey', id)).then((apiKey) => ({ apiKey }))),
  }),
}))
