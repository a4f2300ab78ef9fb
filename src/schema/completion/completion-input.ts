import { builder } from '../builder.ts'
import { MessageInput } from '../conversation/message-input.ts'

const BusyPolicy = builder.enumType('BusyPolicy', {
  description: 'What to do where another answer is being written in the conversation.',
  values: {
    REJECT: { description: 'Refuse, as ConversationBusy.' },
    QUEUE: {
      description:
        'Wait for its end, and for all who wait already, then ask: in the order of asking, with the answers before it, and ' +
        'although the server may restart meanwhile.',
    },
    INTERRUPT: {
      description: 'Cancel it, then ask. Those who wait already keep their turns: this one comes after them.',
    },
  },
})

const UnwatchedPolicy = builder.enumType('UnwatchedPolicy', {
  description: 'What becomes of an answer when its last viewer has left for a while.',
  values: {
    CONTINUE: { description: 'It is written to its end, and is there later.' },
    CANCEL: { description: 'It is cancelled, and what was written is kept.' },
  },
})

const ContextInput = builder.inputType('ContextInput', {
  description:
    'What of the conversation is sent along: exactly one of these. The system prompt always stays, and a tool call goes with its result.',
  isOneOf: true,
  fields: (t) => ({
    full: t.boolean({ description: 'true: all messages, as FULL.' }),
    tokenBudget: t.int({ description: 'The newest messages that fit into so many tokens, as TOKEN_BUDGET. From 1.' }),
    lastN: t.int({ description: 'So many of the newest messages, as LAST_N. From 1.' }),
  }),
})

const LogitBiasInput = builder.inputType('LogitBiasInput', {
  description: 'Makes one token likelier or less likely.',
  fields: (t) => ({
    token: t.int({ required: true, description: "The token's id in the model's vocabulary." }),
    bias: t.float({ required: true, description: '-100 (never) to 100 (always).' }),
  }),
})

const KeyValueInput = builder.inputType('KeyValueInput', {
  description: 'A note.',
  fields: (t) => ({
    key: t.string({ required: true, description: '1 to 64 characters, each key once.' }),
    value: t.string({ required: true, description: 'Up to 512 characters.' }),
  }),
})

const ToolInput = builder.inputType('ToolInput', {
  description:
    'A function that the model may ask to be run. Running it, and sending the result as a TOOL message, is up to you.',
  fields: (t) => ({
    name: t.string({
      required: true,
      description: '1 to 64 letters, digits, underscores and dashes, such as `get_weather`.',
    }),
    description: t.string({ description: 'What it does, and when to use it: the model reads this.' }),
    parameters: t.field({ type: 'JSON', description: 'A JSON Schema of its arguments; absent: it takes none.' }),
    strict: t.boolean({ description: 'Whether the arguments must follow the schema exactly, where the model can.' }),
  }),
})

const ToolChoiceMode = builder.enumType('ToolChoiceMode', {
  description: 'Whether the model is to call tools.',
  values: {
    NONE: { description: 'It may not.' },
    AUTO: { description: 'As it likes.' },
    REQUIRED: { description: 'It must, at least one.' },
  },
})

const ToolChoiceInput = builder.inputType('ToolChoiceInput', {
  description: 'Whether and what the model is to call: exactly one of these.',
  isOneOf: true,
  fields: (t) => ({
    mode: t.field({ type: ToolChoiceMode, description: 'Leaves the choice of the tool to the model.' }),
    function: t.string({ description: 'The name of the one that it must call.' }),
  }),
})

const JsonSchemaInput = builder.inputType('JsonSchemaInput', {
  description: 'What the answer is to look like.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'A name for the shape, such as `invoice`.' }),
    description: t.string({ description: 'What it is for: the model reads this.' }),
    schema: t.field({ type: 'JSON', required: true, description: 'A JSON Schema.' }),
    strict: t.boolean({ description: 'Whether the answer must follow it exactly, where the model can.' }),
  }),
})

const ResponseFormatInput = builder.inputType('ResponseFormatInput', {
  description: 'The form of the answer: exactly one of these. For JSON, `Message.json` has it parsed.',
  isOneOf: true,
  fields: (t) => ({
    text: t.boolean({ description: 'true: plain text, as when nothing is said.' }),
    jsonObject: t.boolean({ description: 'true: any JSON object. The messages must ask for JSON, too.' }),
    jsonSchema: t.field({ type: JsonSchemaInput, description: 'JSON of this shape.' }),
  }),
})

const ReasoningEffort = builder.enumType('ReasoningEffort', {
  description: 'How long a reasoning model is to think. Which ones a model knows, its provider says.',
  values: {
    NONE: { description: 'Not at all.' },
    MINIMAL: { description: 'As little as possible.' },
    LOW: { description: 'Little: quick and cheap.' },
    MEDIUM: { description: 'The usual.' },
    HIGH: { description: 'Long.' },
    XHIGH: { description: 'Very long.' },
    MAX: { description: 'As long as it can.' },
  },
})

const Verbosity = builder.enumType('Verbosity', {
  description: 'How long the answer is to be.',
  values: {
    LOW: { description: 'Brief.' },
    MEDIUM: { description: 'The usual.' },
    HIGH: { description: 'At length.' },
  },
})

type FieldBuilder = PothosSchemaTypes.InputFieldBuilder<typeof builder.$inferSchemaTypes, 'InputObject'>

const placeFields = (t: FieldBuilder) => ({
  conversationId: t.id({ description: 'Where to ask; absent: a new conversation begins.' }),
  parentId: t.id({
    description: "The message to answer after (regenerate, branch); absent: the viewer's current leaf.",
  }),
  messages: t.field({
    type: [MessageInput],
    required: true,
    description: 'New messages, appended after the parent; may be empty to answer the parent again.',
  }),
  store: t.boolean({
    defaultValue: true,
    description: 'false: nothing of the content is kept, and the messages are all that is sent.',
  }),
  background: t.boolean({
    defaultValue: false,
    description: 'true: returns at once, with the completion IN_PROGRESS, to be watched with `completionStream`.',
  }),
  idempotencyKey: t.string({
    description:
      'The same key with the same input returns the same completion, and never asks the model twice. 1 to 255 characters, such as a new UUID.',
  }),
  ifBusy: t.field({
    type: BusyPolicy,
    defaultValue: 'REJECT',
    description: 'What to do where another answer is being written in the conversation.',
  }),
  whenUnwatched: t.field({
    type: UnwatchedPolicy,
    defaultValue: 'CONTINUE',
    description:
      'What becomes of the answer when its last viewer has left for a while; over REST it is CANCEL, as OpenAI does.',
  }),
  context: t.field({
    type: ContextInput,
    description: "What of the conversation is sent along; absent: by the conversation's defaults.",
  }),
})

const samplingFields = (t: FieldBuilder) => ({
  model: t.string({
    description: "A model's id, as in `models`; absent: the conversation's default, else the server's.",
  }),
  temperature: t.float({ description: '0 (always the likeliest word) to 2 (wild).' }),
  topP: t.float({
    description: '0 to 1: choose among the likeliest words that make up this much of the probability.',
  }),
  n: t.int({ description: 'How many answers to write, 1 to 128; each is paid for.' }),
  stop: t.stringList({ description: 'Up to 4 texts where the model stops; they are not part of the answer.' }),
  maxTokens: t.int({
    description: 'The most that one answer may take, in tokens, by the older name that most servers know.',
  }),
  maxCompletionTokens: t.int({ description: 'The same by the newer name, with the reasoning counted in.' }),
  presencePenalty: t.float({ description: '-2 to 2: above 0, what was said at all becomes less likely.' }),
  frequencyPenalty: t.float({ description: '-2 to 2: above 0, what was said often becomes less likely.' }),
  logitBias: t.field({
    type: [LogitBiasInput],
    description: 'Makes single tokens likelier or less likely; each token once.',
  }),
  user: t.string({
    description: 'Whom the provider is told that it serves; absent: a stable pseudonym of the viewer.',
  }),
  seed: t.string({
    description:
      'For the same answer to the same question, where the model can: a 64-bit integer, in decimal, such as `"42"`; sent upstream as a number.',
  }),
})

const answerFields = (t: FieldBuilder) => ({
  tools: t.field({ type: [ToolInput], description: 'What the model may ask to be run; each name once.' }),
  toolChoice: t.field({ type: ToolChoiceInput, description: 'Whether and what it is to call. Needs `tools`.' }),
  parallelToolCalls: t.boolean({ description: 'Whether it may call several at once.' }),
  responseFormat: t.field({ type: ResponseFormatInput, description: 'Text or JSON; absent: text.' }),
  logprobs: t.boolean({ description: 'true: tell how likely each token was, in `Choice.logprobs`.' }),
  topLogprobs: t.int({
    description: 'How many other likely tokens to tell at each place, 0 to 20. Needs `logprobs: true`.',
  }),
  reasoningEffort: t.field({ type: ReasoningEffort, description: 'How long a reasoning model is to think.' }),
  verbosity: t.field({ type: Verbosity, description: 'How long the answer is to be.' }),
  serviceTier: t.string({ description: "The provider's class of service, such as `flex`." }),
  metadata: t.field({
    type: [KeyValueInput],
    description: 'Notes to keep with the completion, up to 16; sent upstream, too.',
  }),
  extraBody: t.field({
    type: 'JSON',
    description:
      'An object, sent upstream as it stands, for what an upstream has and this schema has not; may not override the above. Such as `{ "top_k": 40 }`.',
  }),
})

export const CreateCompletionInput = builder.inputType('CreateCompletionInput', {
  description:
    "What to ask. Parameters go to the model as they are given; what is absent is not sent, and the conversation's defaults or the model's own hold.",
  fields: (t) => ({ ...placeFields(t), ...samplingFields(t), ...answerFields(t) }),
})
