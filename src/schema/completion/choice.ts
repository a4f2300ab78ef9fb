import type { ToolCallDelta as CallDelta, ChoiceDelta as Delta } from '../../chat/completion/completion.ts'
import type { Message } from '../../chat/conversation/message.ts'
import { builder } from '../builder.ts'
import { atMost, part } from '../cost.ts'

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
  description: 'What is new in one tool call.',
  fields: (t) => ({
    index: t.exposeInt('index', { description: "Which of the choice's tool calls, from 0." }),
    callId: t.exposeString('id', {
      nullable: true,
      description: "The model's own id of the call; null except where the call begins, and where the model gave none.",
    }),
    name: t.exposeString('name', { nullable: true, description: 'Which tool; null except where the call begins.' }),
    arguments: t.exposeString('arguments', { description: 'To append to the arguments so far; may be empty.' }),
  }),
})

export const ChoiceDelta = builder.objectRef<Delta>('ChoiceDelta').implement({
  extensions: part,
  description:
    'What is new in one choice: append each text to what there is. In a snapshot: all so far, to put in its place.',
  fields: (t) => ({
    index: t.exposeInt('index', { description: 'Which choice, from 0.' }),
    content: t.exposeString('content', { description: 'To append to the content; empty when there is none.' }),
    refusal: t.exposeString('refusal', { description: 'To append to the refusal; empty when there is none.' }),
    reasoning: t.exposeString('reasoning', { description: 'To append to the reasoning; empty when there is none.' }),
    toolCalls: t.expose('toolCalls', {
      type: [ToolCallDelta],
      extensions: atMost(128),
      description: 'What is new in tool calls, each by its index; empty when there is nothing.',
    }),
    logprobs: t.field({
      type: 'JSON',
      nullable: true,
      description: 'New entries, to append: `{ content: [...], refusal: [...] }`; null when there are none.',
      resolve: ({ logprobs }) => logprobs,
    }),
    finishReason: t.expose('finishReason', {
      type: FinishReason,
      nullable: true,
      description: 'Why the choice ends here; null while it goes on.',
    }),
  }),
})
