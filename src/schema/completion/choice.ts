import type { ToolCallDelta as CallDelta, ChoiceDelta as Delta } from '../../chat/completion/completion.ts'
import type { Message } from '../../chat/conversation/message.ts'
import { builder } from '../builder.ts'
import { atMost, part } from '../cost.ts'
import { writeId } from '../global-id.ts'

const FinishReason = builder.enumType('FinishReason', {
  description: 'Why the model stopped writing a choice.',
  values: {
    STOP: { description: 'The answer is finished, or a stop sequence was reached.' },
    LENGTH: { description: '`maxTokens` or the end of the context window was reached: the text is cut off.' },
    TOOL_CALLS: { description: 'The model asks for tools to be run: see `Message.toolCalls`.' },
    CONTENT_FILTER: { description: "The provider's content filter left something out." },
    FUNCTION_CALL: { description: 'The model asks for a function to be run, in the older form of tool calls.' },
    UNKNOWN: { description: 'The provider sent no reason, or one that is not listed here.' },
  },
})

// The value of a choice is the message that the model wrote for it.
export const Choice = builder.objectRef<Message>('Choice').implement({
  extensions: part,
  description: 'One of the `n` answers of a completion.',
  fields: (t) => ({
    index: t.int({ description: 'From 0.', resolve: ({ choiceIndex }) => choiceIndex ?? 0 }),
    message: t.field({
      type: 'Message',
      description: 'The message that the model wrote, or the part of it that exists so far.',
      resolve: (message) => message,
    }),
    finishReason: t.expose('finishReason', {
      type: FinishReason,
      nullable: true,
      description: 'Why the model stopped; null while the answer is being written, and if it was cut off.',
    }),
    logprobs: t.field({
      type: 'JSON',
      nullable: true,
      description:
        'The log probabilities as the provider sent them: `{ content: [...], refusal: [...] }`, one entry for each token; null if they were not requested.',
      resolve: ({ logprobs }) => logprobs,
    }),
  }),
})

const ToolCallDelta = builder.objectRef<CallDelta>('ToolCallDelta').implement({
  extensions: part,
  description: 'The new part of one tool call. Fold it like the texts of a ChoiceDelta.',
  fields: (t) => ({
    index: t.exposeInt('index', { description: "Which of the choice's tool calls, from 0." }),
    callId: t.exposeString('id', {
      nullable: true,
      description: "The model's own id of the call. It is only in the first delta of a call, else null.",
    }),
    name: t.exposeString('name', {
      nullable: true,
      description: 'The name of the tool. It is only in the first delta of a call, else null.',
    }),
    arguments: t.exposeString('arguments', { description: 'The new part of the arguments; may be empty.' }),
    argumentsOffset: t.exposeInt('argumentsOffset', {
      description: 'Where `arguments` begins in the arguments of this call, in UTF-16 code units.',
    }),
  }),
})

export const ChoiceDelta = builder.objectRef<Delta>('ChoiceDelta').implement({
  extensions: part,
  description:
    'The new part of one choice. Fold each text as `text.slice(0, offset) + delta`, where `text` is the text that you already have. Offsets ' +
    'count UTF-16 code units, as the strings of JavaScript do. Folded this way, a piece that arrives twice changes nothing: a client that ' +
    'automatically resubscribes with an old cursor still gets exactly the stored text. In a snapshot all offsets are 0.',
  fields: (t) => ({
    index: t.exposeInt('index', { description: 'Which choice, from 0.' }),
    messageId: t.id({
      description:
        'The id of the message that the choice becomes. With `store: false` it is the id of the message in `Completion.choices`.',
      resolve: ({ messageId }) => writeId('Message', messageId),
    }),
    content: t.exposeString('content', { description: 'The new part of the content; may be empty.' }),
    contentOffset: t.exposeInt('contentOffset', {
      description: 'Where `content` begins in the content of the choice.',
    }),
    refusal: t.exposeString('refusal', { description: 'The new part of the refusal; may be empty.' }),
    refusalOffset: t.exposeInt('refusalOffset', {
      description: 'Where `refusal` begins in the refusal of the choice.',
    }),
    reasoning: t.exposeString('reasoning', { description: 'The new part of the reasoning; may be empty.' }),
    reasoningOffset: t.exposeInt('reasoningOffset', {
      description: 'Where `reasoning` begins in the reasoning of the choice.',
    }),
    toolCalls: t.expose('toolCalls', {
      type: [ToolCallDelta],
      extensions: atMost(128),
      description: 'The new parts of tool calls, each with the index of its call; empty if there are none.',
    }),
    logprobs: t.field({
      type: 'JSON',
      nullable: true,
      description: 'New entries: `{ content: [...], refusal: [...] }`; null when there are none.',
      resolve: ({ logprobs }) => logprobs,
    }),
    logprobsOffset: t.field({
      type: 'JSON',
      nullable: true,
      description:
        'How many entries come before those in `logprobs`, as `{ content: 12, refusal: 0 }`: fold each list as ' +
        '`entries.slice(0, offset).concat(delta)`. null where `logprobs` is null.',
      resolve: ({ logprobsOffset }) => logprobsOffset,
    }),
    finishReason: t.expose('finishReason', {
      type: FinishReason,
      nullable: true,
      description:
        'Why the model stopped. It is null while the choice continues, and in all events after the one that had it.',
    }),
  }),
})
