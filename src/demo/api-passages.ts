import { code, type Passage, paragraphs, prose } from './passage.ts'

/** Passages about the use of the API. */
export const apiPassages: readonly Passage[] = [
  {
    asks: 'GraphQL example, how do I ask a question with GraphQL? createCompletion mutation, send a message, query example',
    says: paragraphs(
      'Send a message and wait for the whole answer with one mutation:',
      code(
        'graphql',
        'mutation {',
        '  createCompletion(input: { messages: [{ role: USER, content: "Hello" }] }) {',
        '    ... on CreateCompletionPayload {',
        '      completion { id status choices { message { content } finishReason } }',
        '      conversation { id }',
        '    }',
        '    ... on Error { message }',
        '  }',
        '}',
      ),
      'Give the `conversationId` with your next message, and the model sees what was said before.',
    ),
  },
  {
    asks: 'curl example, command line, HTTP request, shell, call the API with curl',
    says: paragraphs(
      'This asks a question from the shell:',
      code(
        'sh',
        "curl localhost:4000/graphql -H 'content-type: application/json' -d '{",
        '  "query": "mutation($text: String!) { createCompletion(input: { messages: [{ role: USER, content: $text }] }) { ... on CreateCompletionPayload { completion { choices { message { content } } } } } }",',
        '  "variables": { "text": "Hello" }',
        "}'",
      ),
      'To watch an answer arrive, send a subscription with `accept: text/event-stream` and `curl -N`.',
    ),
  },
  {
    asks: 'subscription, stream an answer, streaming, completionStream, watch tokens arrive, WebSocket, SSE, live, deltas',
    says: paragraphs(
      'Ask and watch in one step with the subscription `completionStream`:',
      code(
        'graphql',
        'subscription {',
        '  completionStream(input: { start: {',
        '    idempotencyKey: "my-first-question"',
        '    completion: { messages: [{ role: USER, content: "Hello" }] }',
        '  } }) {',
        '    cursor',
        '    ... on CompletionDelta { choices { index content contentOffset } }',
        '    ... on CompletionEnded { completion { status usage { totalTokens } } }',
        '  }',
        '}',
      ),
      prose(
        'First comes a snapshot, then a delta for whatever is new, and at last the end.',
        'It works over WebSocket and over server-sent events, and every viewer gets exactly the same text.',
      ),
    ),
  },
  {
    asks: 'how do I cancel an answer? stop button, stop generating, abort, interrupt, cancelCompletion, halt',
    says: paragraphs(
      'Cancel by the id of the completion, from any client of anyone who may write in the conversation:',
      code(
        'graphql',
        'mutation {',
        '  cancelCompletion(id: "...") {',
        '    ... on CancelCompletionPayload { completion { status } }',
        '    ... on Error { message }',
        '  }',
        '}',
      ),
      prose(
        'The call to the model is closed at once, the text so far is kept, and the status is CANCELLED.',
        'Leaving the page is not cancelling: without a cancel the answer is written to its end.',
      ),
    ),
  },
  {
    asks: 'how do I resume an answer? reconnect, lost connection, connection drops, disconnect, offline, reload the tab, network changes, continue watching, survive',
    says: paragraphs(
      'The answer belongs to the server, so nothing is lost when your connection is. Watch on from the last cursor you saw:',
      code(
        'graphql',
        'subscription {',
        '  completionStream(input: { watch: { completionId: "...", after: "..." } }) {',
        '    cursor',
        '    ... on CompletionDelta { choices { index content contentOffset } }',
        '    ... on CompletionEnded { completion { status } }',
        '  }',
        '}',
      ),
      prose(
        'You get exactly the rest. Each piece says where it begins, so fold it as `text.slice(0, contentOffset) + content`:',
        'what comes twice then changes nothing. Without a cursor you get a snapshot of all there is so far.',
        'To watch never asks the model again.',
      ),
    ),
  },
  {
    asks: 'what is a cursor? cursors, position in the stream, after, opaque, snapshot',
    says: paragraphs(
      prose(
        'A cursor is a position in the answer. Every event of a stream carries one,',
        'and you give the last one you saw back as `after` to get exactly the rest.',
      ),
      prose(
        'Treat it as opaque and keep it with the completion it came from.',
        'A cursor that can no longer be served gives you a snapshot, and one of another completion is refused.',
      ),
    ),
  },
  {
    asks: 'idempotency key, ask twice, duplicate request, double click, same start sent again, retry safely',
    says: prose(
      'Give every question an `idempotencyKey` of its own, a random UUID for example.',
      'The same key with the same input always leads to the same completion, so a retry never asks the model twice.',
      'Another input under the same key is refused with IdempotencyConflict.',
    ),
  },
  {
    asks: 'how do I share a conversation? invite people, several people see the same chat, participants, team, together, roles, owner, editor, viewer',
    says: paragraphs(
      prose(
        'A conversation has participants, and each has a role: a VIEWER reads and watches, an EDITOR also asks and cancels,',
        'and an OWNER also manages people and deletes.',
      ),
      prose(
        'Whoever begins a conversation is its OWNER, and lets others in by `createInvitation`, whose link they open, or by',
        '`addParticipant`. `conversationEvents` tells all of them what happens. What you may not see does not exist for you.',
      ),
    ),
  },
  {
    asks: 'what is a conversation? list my conversations, create a conversation, createConversation, title, system prompt',
    says: paragraphs(
      'A conversation is a tree of messages with a title, a system prompt and defaults of its own. List yours like this:',
      code(
        'graphql',
        'query {',
        '  conversations(first: 20) {',
        '    edges { node { id title updatedAt } }',
        '    pageInfo { hasNextPage endCursor }',
        '  }',
        '}',
      ),
      prose(
        'A completion without a `conversationId` begins a new one,',
        'and `createConversation` makes one where you choose the title and the system prompt first.',
      ),
    ),
  },
  {
    asks: 'branch, regenerate, edit a message, siblings, tree, other answer, try again, parentId',
    says: prose(
      'Messages form a tree. Ask again with the `parentId` of your question, and a second answer stands beside the first.',
      'An edited question is a sibling of the old one, and nothing is overwritten.',
      'The path from the root to your current leaf is what you see and what the model gets.',
    ),
  },
  {
    asks: 'something fails, what goes wrong, errors, error codes, status, FAILED, INTERRUPTED, endings, crash, server dies',
    says: paragraphs(
      'A completion ends in one of four ways, and the text so far is always kept:',
      [
        '- COMPLETED: the answer is whole.',
        '- CANCELLED: somebody stopped it.',
        '- FAILED: the model server refused or reported an error.',
        '- INTERRUPTED: the answer was cut off, by a lost connection or a lost server.',
      ].join('\n'),
      'Failures that you can expect are members of the result union, so your client can switch on their type.',
    ),
  },
  {
    asks: 'OpenAI SDK, REST, v1 chat completions, compatible, base URL, Python, JavaScript client, migrate from OpenAI',
    says: paragraphs(
      prose(
        'Towards model servers Antiphon speaks the OpenAI format; towards you it speaks GraphQL.',
        'Every parameter of the reference is a field of `CreateCompletionInput`, in camel case, and goes up exactly as you give it.',
      ),
      'An OpenAI door for SDKs is not in this version yet.',
    ),
  },
  {
    asks: 'parameters, temperature, top_p, max tokens, sequences, penalties, logit_bias, seed, n, logprobs, sampling',
    says: paragraphs(
      prose(
        'All parameters of the reference are there, and they go to the model exactly as you give them.',
        'One that you leave out stays out.',
      ),
      prose(
        'I honour them for real: at temperature 0 I always say the same, at 2 I wander; `stop` ends me, `maxTokens` cuts me,',
        '`n` makes me answer several times, and `logitBias` takes real token ids.',
      ),
    ),
  },
  {
    asks: 'tools, function calling, tool calls, toolChoice, call a function, get_weather, agents',
    says: paragraphs(
      'Describe your tools, and the model may ask you to call one:',
      code(
        'graphql',
        'tools: [{',
        '  name: "get_weather"',
        '  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] }',
        '}]',
      ),
      prose(
        'The answer then has `toolCalls` with a name and arguments.',
        'Call the tool yourself and send its result as a message with the role TOOL.',
        'With the model `demo-tools` you can try this without a real model.',
      ),
    ),
  },
  {
    asks: 'JSON, responseFormat, structured output, json schema, parse the answer, object',
    says: paragraphs(
      'Set `responseFormat`, and the answer is a JSON object that you read parsed from the field `json`:',
      code('graphql', 'responseFormat: { jsonObject: true }'),
      prose(
        'With `jsonSchema` you also say which properties it has.',
        'I take this seriously too, and the model `demo-json` always answers with an object.',
      ),
    ),
  },
  {
    asks: 'tokens, usage, how many tokens, count, bill, costs, spending, budget, prompt tokens',
    says: paragraphs(
      'Every completion says what it used:',
      code('graphql', 'usage { promptTokens completionTokens totalTokens costMicros source }'),
      prose(
        'The numbers come from the provider, and where it gives none they are estimated and marked so.',
        'The cost is in millionths of a dollar, for the models whose prices you have configured.',
      ),
    ),
  },
  {
    asks: 'context, context window, long conversation, too long, truncate, what is sent to the model, history, LAST_N',
    says: prose(
      'By default the whole path of messages is sent to the model.',
      'With `context` you can send the last messages only, or as many as fit a budget of tokens.',
      'The system prompt always stays, and the report on the completion says what was left out.',
    ),
  },
  {
    asks: 'which models are there? list the models, demo models, demo-slow, demo-429, demo-cut, test errors, provoke failures',
    says: paragraphs(
      'Besides `demo` there are models for what is hard to provoke:',
      [
        '- `demo-fast`, `demo-slow` and `demo-long` differ in pace and length.',
        '- `demo-tools`, `demo-json` and `demo-reasoning` show what clever models do.',
        '- `demo-429` and `demo-500` refuse, and `demo-filter` is stopped by a content filter.',
        '- `demo-cut`, `demo-silent` and `demo-error` go wrong in the middle of an answer.',
      ].join('\n'),
      'Choose one by its name in `model`, and see how your app takes it.',
    ),
  },
]
