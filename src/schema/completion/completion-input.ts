import { counts, lengths, ranges, rangeText } from '../../chat/prompt/parameter-limits.ts'
import { builder } from '../builder.ts'
import { MessageInput } from '../conversation/message-input.ts'

const BusyPolicy = builder.enumType('BusyPolicy', {
  description: 'What happens if another answer is being written in the conversation.',
  values: {
    REJECT: { description: 'The request is refused with ConversationBusy.' },
    QUEUE: {
      description:
        'The question waits until the answer, and the questions that already wait, have ended. Then it is sent with the answers before it. The ' +
        'order of the questions is kept, also if the server restarts meanwhile.',
    },
    INTERRUPT: {
      description:
        'The answer is cancelled, then the question is sent. Questions that already wait keep their turns and come before this one.',
    },
  },
})

const UnwatchedPolicy = builder.enumType('UnwatchedPolicy', {
  description: 'What happens to an answer when its last viewer has been gone for a while.',
  values: {
    CONTINUE: { description: 'The answer is written to its end and can be read later.' },
    CANCEL: { description: 'The completion is cancelled, and the text so far is kept.' },
  },
})

const ContextInput = builder.inputType('ContextInput', {
  description:
    'Which part of the conversation is sent to the model: exactly one of these fields. The system prompt is always sent, and a tool call is sent with its result.',
  isOneOf: true,
  fields: (t) => ({
    full: t.boolean({ description: 'true: all messages, as FULL.' }),
    tokenBudget: t.int({
      description: 'The newest messages that fit into this number of tokens, as TOKEN_BUDGET. At least 1.',
    }),
    lastN: t.int({ description: 'This number of the newest messages, as LAST_N. At least 1.' }),
  }),
})

const LogitBiasInput = builder.inputType('LogitBiasInput', {
  description: 'Makes one token more or less likely.',
  fields: (t) => ({
    token: t.int({ required: true, description: "The token's id in the model's vocabulary." }),
    bias: t.float({ required: true, description: `${ranges.bias[0]} (never) to ${ranges.bias[1]} (always).` }),
  }),
})

const KeyValueInput = builder.inputType('KeyValueInput', {
  description: 'An entry of the metadata.',
  fields: (t) => ({
    key: t.string({ required: true, description: `1 to ${lengths.metadataKey} characters, each key once.` }),
    value: t.string({ required: true, description: `Up to ${lengths.metadataValue} characters.` }),
  }),
})

const ToolInput = builder.inputType('ToolInput', {
  description:
    'A function that the model may ask to be run. The client runs it and sends the result as a TOOL message.',
  fields: (t) => ({
    name: t.string({
      required: true,
      description: `1 to ${lengths.toolName} letters, digits, underscores and dashes, such as \`get_weather\`.`,
    }),
    description: t.string({ description: 'What the function does and when to use it, for the model.' }),
    parameters: t.field({ type: 'JSON', description: 'A JSON Schema of its arguments; absent: it has no arguments.' }),
    strict: t.boolean({
      description: 'Whether the arguments must follow the schema exactly, if the model supports it.',
    }),
  }),
})

const ToolChoiceMode = builder.enumType('ToolChoiceMode', {
  description: 'Whether the model calls tools.',
  values: {
    NONE: { description: 'The model must not call tools.' },
    AUTO: { description: 'The model decides.' },
    REQUIRED: { description: 'The model must call at least one tool.' },
  },
})

const ToolChoiceInput = builder.inputType('ToolChoiceInput', {
  description: 'Whether the model calls tools, and which one: exactly one of these fields.',
  isOneOf: true,
  fields: (t) => ({
    mode: t.field({ type: ToolChoiceMode, description: 'Whether the model calls tools. It chooses the tool itself.' }),
    function: t.string({ description: 'The name of the tool that the model must call.' }),
  }),
})

const JsonSchemaInput = builder.inputType('JsonSchemaInput', {
  description: 'A JSON Schema that the answer must follow.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'A name for the shape, such as `invoice`.' }),
    description: t.string({ description: 'The purpose of the answer, for the model.' }),
    schema: t.field({ type: 'JSON', required: true, description: 'A JSON Schema.' }),
    strict: t.boolean({ description: 'Whether the answer must follow the schema exactly, if the model supports it.' }),
  }),
})

const ResponseFormatInput = builder.inputType('ResponseFormatInput', {
  description:
    'The format of the answer: exactly one of these fields. `Message.json` has a JSON answer in parsed form.',
  isOneOf: true,
  fields: (t) => ({
    text: t.boolean({ description: 'true: plain text, which is the default.' }),
    jsonObject: t.boolean({ description: 'true: any JSON object. The messages must ask for JSON, too.' }),
    jsonSchema: t.field({ type: JsonSchemaInput, description: 'JSON of this shape.' }),
  }),
})

const ReasoningEffort = builder.enumType('ReasoningEffort', {
  description:
    'How much a reasoning model thinks before it answers. The provider documents which values a model supports.',
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
  description: 'The length of the answer.',
  values: {
    LOW: { description: 'Brief.' },
    MEDIUM: { description: 'The usual.' },
    HIGH: { description: 'At length.' },
  },
})

type FieldBuilder = PothosSchemaTypes.InputFieldBuilder<typeof builder.$inferSchemaTypes, 'InputObject'>

const placeFields = (t: FieldBuilder) => ({
  conversationId: t.id({ description: 'The conversation of the question; absent: a new conversation is created.' }),
  parentId: t.id({
    description:
      "The message before the new ones (to regenerate, or to start a branch); absent: the viewer's current leaf.",
  }),
  messages: t.field({
    type: [MessageInput],
    required: true,
    description: 'The new messages, which are inserted after the parent; may be empty to answer the parent again.',
  }),
  store: t.boolean({
    defaultValue: true,
    description: 'false: no content is stored, and only these messages are sent to the model.',
  }),
  background: t.boolean({
    defaultValue: false,
    description: 'true: returns at once, while the completion is IN_PROGRESS; watch it with `completionStream`.',
  }),
  idempotencyKey: t.string({
    description:
      'The same key with the same input returns the same completion, and never asks the model twice. 1 to 255 characters, such as a new UUID.',
  }),
  ifBusy: t.field({
    type: BusyPolicy,
    defaultValue: 'REJECT',
    description: 'What happens if another answer is being written in the conversation.',
  }),
  whenUnwatched: t.field({
    type: UnwatchedPolicy,
    defaultValue: 'CONTINUE',
    description:
      'What becomes of the answer when its last viewer has left for a while; over REST it is CANCEL, as OpenAI does.',
  }),
  context: t.field({
    type: ContextInput,
    description: "Which part of the conversation is sent to the model; absent: the conversation's default.",
  }),
})

const samplingFields = (t: FieldBuilder) => ({
  model: t.string({
    description: "A model's id, as in `models`; absent: the conversation's default, else the server's.",
  }),
  temperature: t.float({
    description: `${ranges.temperature[0]} (always the most likely word) to ${ranges.temperature[1]} (very random).`,
  }),
  topP: t.float({
    description: `${rangeText(ranges.topP)}: choose among the likeliest words that make up this much of the probability.`,
  }),
  n: t.int({ description: `How many answers to write, ${rangeText(ranges.n)}; each is paid for.` }),
  stop: t.stringList({
    description: `Up to ${counts.stop} texts where the model stops; they are not part of the answer.`,
  }),
  maxTokens: t.int({
    description: 'The maximum number of tokens of one answer, under the older name that most servers know.',
  }),
  maxCompletionTokens: t.int({
    description: 'The maximum number of tokens of one answer, including the reasoning, under the newer name.',
  }),
  presencePenalty: t.float({
    description: `${rangeText(ranges.penalty)}: above 0, words that have occurred become less likely.`,
  }),
  frequencyPenalty: t.float({
    description: `${rangeText(ranges.penalty)}: above 0, words that have occurred often become less likely.`,
  }),
  logitBias: t.field({
    type: [LogitBiasInput],
    description: 'Makes single tokens more or less likely; each token once.',
  }),
  user: t.string({
    description: 'The name of the user that is sent to the provider; absent: a stable pseudonym of the viewer.',
  }),
  seed: t.string({
    description:
      'The same seed gives the same answer to the same question, if the model supports it: a 64-bit integer in decimal, such as `"42"`, which is sent upstream as a number.',
  }),
})

const answerFields = (t: FieldBuilder) => ({
  tools: t.field({ type: [ToolInput], description: 'The tools that the model may call; each name once.' }),
  toolChoice: t.field({
    type: ToolChoiceInput,
    description: 'Whether the model calls tools, and which one. Requires `tools`.',
  }),
  parallelToolCalls: t.boolean({ description: 'Whether the model may call several tools at once.' }),
  responseFormat: t.field({ type: ResponseFormatInput, description: 'Text or JSON; absent: text.' }),
  logprobs: t.boolean({ description: 'true: `Choice.logprobs` has the log probability of each token.' }),
  topLogprobs: t.int({
    description: `How many alternatives are listed for each token, ${rangeText(ranges.topLogprobs)}. Requires \`logprobs: true\`.`,
  }),
  reasoningEffort: t.field({
    type: ReasoningEffort,
    description: 'How much a reasoning model thinks before it answers.',
  }),
  verbosity: t.field({ type: Verbosity, description: 'The length of the answer.' }),
  serviceTier: t.string({ description: "The provider's service tier, such as `flex`." }),
  metadata: t.field({
    type: [KeyValueInput],
    description: `Metadata to store with the completion, up to ${counts.metadata} entries; it is sent upstream, too.`,
  }),
  extraBody: t.field({
    type: 'JSON',
    description:
      'Parameters of an upstream that this schema does not have, such as `{ "top_k": 40 }`. The object is sent unchanged and must not override the fields above.',
  }),
})

export const CreateCompletionInput = builder.inputType('CreateCompletionInput', {
  description:
    "A question to a model. Parameters are sent to the model unchanged. For absent ones the conversation's defaults are sent, or the model uses its own.",
  fields: (t) => ({ ...placeFields(t), ...samplingFields(t), ...answerFields(t) }),
})
