import type { ContextReport as Report } from '../chat/completion.ts'
import type { UnwrittenReport } from '../chat/error.ts'
import type { Message } from '../chat/message.ts'
import { builder } from './builder.ts'
import type { Context } from './context.ts'
import { atMost, part } from './cost.ts'

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

async function messagesOf(report: Report | UnwrittenReport, messages: Context['messages']): Promise<Message[]> {
  const stored = await Promise.all(report.messageIds.map((id) => messages.load(id)))
  const fresh = new Map('fresh' in report ? report.fresh.map((message) => [message.id, message]) : [])
  const found = report.messageIds.map((id, index) => stored[index] ?? fresh.get(id))
  return found.filter((message) => message !== undefined)
}

export const ContextReport = builder.objectRef<Report | UnwrittenReport>('ContextReport').implement({
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
      extensions: atMost(2048),
      description:
        'What was sent, oldest first, the new ones included; without those that have been deleted since, or were sent with `store: false`. ' +
        'The new ones of a preview, and of ContextTooLong, are not stored: `node` does not find them, they have no siblings, and ' +
        'their parent is null where that is a new one, too.',
      resolve: (report, _, { messages }) => messagesOf(report, messages),
    }),
    omittedCount: t.exposeInt('omittedCount', { description: 'How many messages of the path were left out.' }),
  }),
})
