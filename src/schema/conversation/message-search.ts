import type { MessageHit, ExcerptPiece as Piece } from '../../chat/conversation/message-search.ts'
import type { Page } from '../../chat/conversation/page.ts'
import { builder } from '../builder.ts'
import { PageInfo } from '../connection.ts'
import { atMost, pagedBy, part, weighs } from '../cost.ts'
import { readOptionalId } from '../global-id.ts'

const ExcerptPiece = builder.objectRef<Piece>('ExcerptPiece').implement({
  extensions: part,
  description: 'A piece of an excerpt. It is plain text, to be shown as such: what people wrote may look like HTML.',
  fields: (t) => ({
    text: t.exposeString('text', { description: 'What stands in the message, to the character; never empty.' }),
    isMatch: t.exposeBoolean('isMatch', { description: 'Whether it is what was searched for, and to be highlighted.' }),
  }),
})

const MessageSearchEdge = builder.objectRef<Page<MessageHit>['edges'][number]>('MessageSearchEdge').implement({
  extensions: part,
  description: 'A message that was found, and where.',
  fields: (t) => ({
    cursor: t.exposeString('cursor', { description: 'Opaque; for `after`, in the same search.' }),
    node: t.field({ type: 'Message', description: 'The message.', resolve: ({ node }) => node.message }),
    excerpt: t.field({
      type: [ExcerptPiece],
      extensions: atMost(50),
      description: 'A passage of its `content`: the pieces, joined, are its text.',
      resolve: ({ node }) => node.excerpt,
    }),
    score: t.float({
      description: 'How well it fits, from 0 to 1. It tells more and less within one search alone.',
      resolve: ({ node }) => node.score,
    }),
  }),
})

const MessageSearchConnection = builder.objectRef<Page<MessageHit>>('MessageSearchConnection').implement({
  description: 'A page of the messages that were found, best first.',
  fields: (t) => ({
    edges: t.field({ type: [MessageSearchEdge], description: 'Best first.', resolve: ({ edges }) => edges }),
    pageInfo: t.field({
      type: PageInfo,
      description: 'Whether there is more, and from where.',
      resolve: (page) => page,
    }),
  }),
})

builder.queryField('searchMessages', (t) =>
  t.field({
    type: MessageSearchConnection,
    nullable: true,
    extensions: { directives: { ...pagedBy('first').directives, ...weighs(100).directives } },
    description:
      'Full-text search over the messages that the viewer may see, best first: where the words stand close together, and ' +
      'often; among equals, the newest. Looks into the `content` (its first 100,000 characters) of all roles, and of answers ' +
      'once they have ended. At most 500 messages that match are ranked, with 1 MB of text together: those of the ' +
      'conversations in which something happened last, and in each the newest. A user may search 4 times at once; more are ' +
      'refused with the code RATE_LIMITED.',
    args: {
      query: t.arg.string({
        required: true,
        description:
          'As in a web search: `two words` finds messages with both, `"two words"` the phrase, `this or that` either, `-word` ' +
          'leaves out. Case does not count, nor do English endings (`moles` finds `mole`); accents do, ' +
          'however they are encoded. A sign that stands alone is no operator. Nothing is an error: ' +
          'without a word to look for, nothing is found. Up to 500 characters.',
      }),
      conversationId: t.arg.id({
        description: 'Search there alone; absent: everywhere. One that the viewer may not see has nothing to find.',
      }),
      first: t.arg.int({ description: 'How many at most, up to 200; 50 when absent.' }),
      after: t.arg.string({ description: 'A cursor of the same search: what comes after that edge.' }),
    },
    resolve: (_, { query, conversationId, ...page }, { chat, viewer, signal }) =>
      chat.messages.search(
        viewer,
        { query, conversationId: readOptionalId('Conversation', conversationId), page },
        signal,
      ),
  }),
)
