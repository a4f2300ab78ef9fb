import type { MessageHit, ExcerptPiece as Piece } from '../../chat/conversation/message-search.ts'
import type { Page } from '../../chat/conversation/page.ts'
import { builder } from '../builder.ts'
import { PageInfo } from '../connection.ts'
import { atMost, pagedBy, part, weighs } from '../cost.ts'
import { readOptionalId } from '../global-id.ts'

const ExcerptPiece = builder.objectRef<Piece>('ExcerptPiece').implement({
  extensions: part,
  description: 'A piece of an excerpt. It is plain text and must be shown as such, because messages may contain HTML.',
  fields: (t) => ({
    text: t.exposeString('text', { description: 'The text exactly as in the message; never empty.' }),
    isMatch: t.exposeBoolean('isMatch', {
      description: 'Whether the piece matches the search, so that it should be highlighted.',
    }),
  }),
})

const MessageSearchEdge = builder.objectRef<Page<MessageHit>['edges'][number]>('MessageSearchEdge').implement({
  extensions: part,
  description: 'A message that was found, with an excerpt.',
  fields: (t) => ({
    cursor: t.exposeString('cursor', { description: 'An opaque cursor, to be passed as `after` in the same search.' }),
    node: t.field({ type: 'Message', description: 'The message.', resolve: ({ node }) => node.message }),
    excerpt: t.field({
      type: [ExcerptPiece],
      extensions: atMost(50),
      description: 'A passage of its `content`: the pieces, joined, are its text.',
      resolve: ({ node }) => node.excerpt,
    }),
    score: t.float({
      description: 'How well the message matches, from 0 to 1. Scores can only be compared within one search.',
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
      description: 'Whether there are more pages, and the cursors to read them.',
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
      'Full-text search in the messages that the viewer may see. Messages in which the words occur close together and often come first; of ' +
      'equals, the newest. Searches the first 100,000 characters of `content`, for all roles; answers are found when they have ended. At most ' +
      '500 matching messages are ranked, with 1 MB of text together: those of the conversations that changed last, and in each the newest. A ' +
      'user may run 4 searches at once; more are refused with the code RATE_LIMITED.',
    args: {
      query: t.arg.string({
        required: true,
        description:
          'The syntax is that of web searches: `two words` finds messages with both words, `"two words"` the phrase, `this or that` either word, ' +
          'and `-word` excludes a word. Upper and lower case and English endings make no difference (`moles` finds `mole`); accents do, however ' +
          'they are encoded. An operator without a word is ignored. No query is an error: without a word to search for, nothing is found. Up to 500 characters.',
      }),
      conversationId: t.arg.id({
        description:
          'Search only in this conversation; absent: in all. In a conversation that the viewer may not see, nothing is found.',
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
