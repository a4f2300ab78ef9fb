import type { UnwrittenReport } from '../../chat/access/error.ts'
import type { ContextReport as Report } from '../../chat/completion/completion.ts'
import type { Message } from '../../chat/conversation/message.ts'
import { listedMessages } from '../../chat/prompt/context.ts'
import { builder } from '../builder.ts'
import type { Context } from '../context.ts'
import { atMost, part } from '../cost.ts'

export const ContextStrategy = builder.enumType('ContextStrategy', {
  description:
    'Which part of a conversation is sent to the model. The system prompt is always sent, and a tool call is sent with its result.',
  values: {
    FULL: { description: 'All messages. If they are too long for the model, the question fails with ContextTooLong.' },
    TOKEN_BUDGET: {
      description:
        'The newest messages that fit into a number of tokens: the requested number, else the context window of the model, or 8000 if that is ' +
        'not known. New messages may be longer than these 8000 tokens, and are then sent without history.',
    },
    LAST_N: { description: 'The newest messages, by their number.' },
  },
})

/** The report of a completion, or of a question that is not stored. */
type AnyReport = (Report & { completionId: string }) | UnwrittenReport

async function messagesOf(report: AnyReport, { requests, messages }: Context): Promise<Message[]> {
  const isWritten = 'completionId' in report
  const ids = isWritten ? ((await requests.load(report.completionId))?.messageIds ?? []) : report.messageIds
  const stored = await Promise.all(ids.map((id) => messages.load(id)))
  const unwritten = new Map(isWritten ? [] : report.questionMessages.map((message) => [message.id, message]))
  const found = ids.map((id, index) => stored[index] ?? unwritten.get(id))
  return found.filter((message) => message !== undefined)
}

export const ContextReport = builder.objectRef<AnyReport>('ContextReport').implement({
  extensions: part,
  description: 'Which part of the conversation was sent to the model, and which was left out.',
  fields: (t) => ({
    strategy: t.expose('strategy', {
      type: ContextStrategy,
      description: 'The rule by which the messages were chosen.',
    }),
    promptTokens: t.exposeInt('promptTokens', {
      description: "The length of the messages in tokens, counted by this server. The provider's count is in `usage`.",
    }),
    limit: t.exposeInt('limit', {
      nullable: true,
      description:
        "How many tokens were allowed: the budget, or the model's context window; null when neither is known.",
    }),
    messages: t.field({
      type: ['Message'],
      extensions: atMost(listedMessages),
      description:
        `The messages that were sent, oldest first, including the new ones: of more than ${listedMessages} the newest, without messages ` +
        'that have been deleted since or were sent with `store: false`. ' +
        'The new messages of a preview, and of ContextTooLong, are not stored: `node` does not find them, they have no siblings, and ' +
        'their parent is null if that is a new message, too.',
      resolve: (report, _, context) => messagesOf(report, context),
    }),
    messagesCount: t.exposeInt('messagesCount', {
      description: 'How many messages were sent, without the system prompt.',
    }),
    omittedCount: t.exposeInt('omittedCount', { description: 'How many messages of the path were left out.' }),
    tooLong: t.boolean({
      description:
        'Whether the question is refused because it is longer than `limit`, or than this server sends at once. Then only the newest ' +
        'messages are counted, as many as show that the limit is exceeded.',
      resolve: (report) => 'tooLong' in report && report.tooLong,
    }),
  }),
})
