import type { ToolCallDelta as CallDelta, ChoiceDelta as Delta } from '../../chat/completion/completion.ts'
import type { Message } from '../../chat/conversation/message.ts'
import { builder } from '../builder.ts'
import { atMost, part } from '../cost.ts'
import { writeId } from '../global-id.ts'

const FinishReason = builder.enumType('FinishReason', {
  description: 'Why the model stopped writing a choice.',
  values: {
    STOP: { description: 'It had said all, or met a stop sequence.' },
    LENGTH: { description: 'It met `maxTokens`, or the end of its context window: the text breaks off.' },
    TOOL_CALLS: { description: 'It wants tools run: see `Message.toolCalls`.' },
    CONTENT_FILTER: { description: "The provider's filter held something back." },
    FUNCTION_CALL: { description: 'It wants a function run, in the old way of saying it.' },
    UNKNOWN: { description: 'It gave a reason that is not among these.' },
  },
})

// A choice is the message that the model wrote for it.
export const Choice = builder.objectRef<Message>('Choice').implement({
  extensions: part,
  description: 'One of the `n` answers of a completion.',
  fields: (t) => ({
    index: t.int({ description: 'From 0.', resolve: ({ choiceIndex }) => choiceIndex ?? 0 }),
    message: t.field({
      type: 'Message',
      description: 'What the model wrote, so far or in full.',
      resolve: (message) => message,
    }),
    finishReason: t.expose('finishReason', {
      type: FinishReason,
      nullable: true,
      description: 'Why it ends here; null while it is being written, and where it was cut off.',
    }),
    logprobs: t.field({
      type: 'JSON',
      nullable: true,
      description:
        'As the provider sent them: `{ content: [...], refusal: [...] }`, one entry a token; null where they were not asked for.',
      resolve: ({ logprobs }) => logprobs,
    }),
  }),
})

const ToolCallDelta = builder.objectRef<CallDelta>('ToolCallDelta').implement({
  extensions: part,
  description: 'What is new in one tool call, to fold as the texts of a ChoiceDelta are.',
  fields: (t) => ({
    index: t.exposeInt('index', { description: "Which of the choice's tool calls, from 0." }),
    callId: t.exposeString('id', {
      nullable: true,
      description: "The model's own id of the call; null except where the call begins, and where the model gave none.",
    }),
    name: t.exposeString('name', { nullable: true, description: 'Which tool; null except where the call begins.' }),
    arguments: t.exposeString('arguments', { description: 'What is new of the arguments; may be empty.' }),
    argumentsOffset: t.exposeInt('argumentsOffset', {
      description: 'Where `arguments` begins in the arguments of this call, in UTF-16 code units.',
    }),
  }),
})

export const ChoiceDelta = builder.objectRef<Delta>('ChoiceDelta').implement({
  extensions: part,
  description:
    'What is new in one choice. Fold each text as `text.slice(0, offset) + delta`, where `text` is what you have of it. Offsets count UTF-16 ' +
    'code units, as the strings of JavaScript do. So a text that comes twice, perhaps merged otherwise, changes nothing: a client that ' +
    'subscribes again by itself, with an old cursor, still has exactly the stored text. In a snapshot all offsets are 0.',
  fields: (t) => ({
    index: t.exposeInt('index', { description: 'Which choice, from 0.' }),
    messageId: t.id({
      description:
        'The id of the message that the choice becomes: with `store: false`, of the one in `Completion.choices`.',
      resolve: ({ messageId }) => writeId('Message', messageId),
    }),
    content: t.exposeString('content', { description: 'What is new of the content; may be empty.' }),
    contentOffset: t.exposeInt('contentOffset', {
      description: 'Where `content` begins in the content of the choice.',
    }),
    refusal: t.exposeString('refusal', { description: 'What is new of the refusal; may be empty.' }),
    refusalOffset: t.exposeInt('refusalOffset', {
      description: 'Where `refusal` begins in the refusal of the choice.',
    }),
    reasoning: t.exposeString('reasoning', { description: 'What is new of the reasoning; may be empty.' }),
    reasoningOffset: t.exposeInt('reasoningOffset', {
      description: 'Where `reasoning` begins in the reasoning of the choice.',
    }),
    toolCalls: t.expose('toolCalls', {
      type: [ToolCallDelta],
      extensions: atMost(128),
      description: 'What is new in tool calls, each by its index; empty when there is nothing.',
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
      description: 'Why the choice ends here; null where it goes on, and where an earlier event has told.',
    }),
  }),
})
