import type { UnwrittenReport } from '../../chat/access/error.ts'
import type { ContextReport as Report } from '../../chat/completion/completion.ts'
import type { Message } from '../../chat/conversation/message.ts'
import { listedMessages } from '../../chat/prompt/context.ts'
import { builder } from '../builder.ts'
import type { Context } from '../context.ts'
import { atMost, part } from '../cost.ts'

export const ContextStrategy = builder.enumType('ContextStrategy', {
  description:
    'What of a conversation is sent to the model. The system prompt always stays, and a tool call goes with its result.',
  values: {
    FULL: { description: 'All messages. Too much for the model is the failure ContextTooLong.' },
    TOKEN_BUDGET: {
      description:
        'The newest messages that fit into a number of tokens: as many as are asked for, else as the model takes, or 8000 where that is ' +
        'not known. The 8000 refuse nothing: new messages may be longer, and go without history then.',
    },
    LAST_N: { description: 'The newest messages, by their number.' },
  },
})

/** Of a completion, or of a question that is not written. */
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
  description: 'What of the conversation was sent to the model, and what was left out.',
  fields: (t) => ({
    strategy: t.expose('strategy', { type: ContextStrategy, description: 'By which rule the messages were chosen.' }),
    promptTokens: t.exposeInt('promptTokens', {
      description: 'How long the messages are, in tokens, by our own count. What the provider counted is in `usage`.',
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
        `What was sent, oldest first, the new ones included: of more than ${listedMessages} the newest; without those ` +
        'that have been deleted since, or were sent with `store: false`. ' +
        'The new ones of a preview, and of ContextTooLong, are not stored: `node` does not find them, they have no siblings, and ' +
        'their parent is null where that is a new one, too.',
      resolve: (report, _, context) => messagesOf(report, context),
    }),
    messagesCount: t.exposeInt('messagesCount', {
      description: 'How many messages were sent, the system prompt aside.',
    }),
    omittedCount: t.exposeInt('omittedCount', { description: 'How many messages of the path were left out.' }),
    tooLong: t.boolean({
      description:
        'Whether it is refused, as longer than `limit` or than this server sends at once. Of what is too long no more than shows ' +
        'that is read and counted: the newest messages.',
      resolve: (report) => 'tooLong' in report && report.tooLong,
    }),
  }),
})
