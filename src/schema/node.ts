import { invalidInput } from '../chat/access/error.ts'
import { builder } from './builder.ts'
import type { Context } from './context.ts'
import { sizedBy } from './cost.ts'
import { type NodeType, readAnyId } from './global-id.ts'

export const Node = builder.interfaceRef<object>('Node').implement({
  description: 'An object with a global id.',
  fields: (t) => ({
    id: t.id({
      description: 'An opaque id, unique over all types, that never changes. `node(id)` finds the object by it.',
    }),
  }),
})

const maxIds = 200

const loaders = {
  User: 'users',
  ApiKey: 'apiKeys',
  Invitation: 'invitations',
  Conversation: 'conversations',
  Message: 'messages',
  Completion: 'completions',
  Participant: 'participantNodes',
} as const satisfies Record<NodeType, keyof Context>

async function findNode(globalId: string, context: Context) {
  const asked = readAnyId(globalId)
  const found = asked && (await context[loaders[asked.type]].load(asked.id))
  return asked && found && { __typename: asked.type, ...found }
}

function findNodes(ids: readonly string[], context: Context) {
  if (ids.length > maxIds) throw invalidInput('ids', `takes up to ${maxIds}, not ${ids.length}`)
  return ids.map((id) => findNode(id, context))
}

builder.queryFields((t) => ({
  node: t.field({
    type: Node,
    nullable: true,
    description:
      'Any object by its id; null if it does not exist or the viewer may not see it: the two cases are not distinguished.',
    args: {
      id: t.arg.id({
        required: true,
        description:
          'The id of a user, an API key, an invitation, a conversation, a participant, a message or a completion.',
      }),
    },
    resolve: (_, { id }, context) => findNode(id, context),
  }),
  nodes: t.field({
    type: [Node],
    nullable: { list: false, items: true },
    extensions: sizedBy('ids', maxIds),
    description: 'Several objects, in the order of the ids; null for an id for which `node` is null.',
    args: { ids: t.arg.idList({ required: true, description: `The ids, of any types; up to ${maxIds}.` }) },
    resolve: (_, { ids }, context) => findNodes(ids, context),
  }),
}))
