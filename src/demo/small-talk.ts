import { code, type Passage, paragraphs, prose } from './passage.ts'

/** Answers to the questions with which people try out whether anybody answers. */
export const smallTalk: readonly Passage[] = [
  {
    asks: 'hello, hi, hey, good morning, good evening, hello there, greetings, ping, test, say hello',
    says: prose(
      'Hello! Nice to meet you.',
      'I know a little about Antiphon, and I am happy to stream as many tokens as you like.',
      'Ask me how to start it, how to resume a stream, or how to connect a real model.',
    ),
  },
  {
    asks: 'hi, hello, hey there, anybody there, are you there, can you hear me, hello world',
    says: prose(
      'Hello, and welcome! Everything around me is real: the stream, the Stop button and the stored conversation.',
      'Try to reload the page while I am talking, and watch the answer go on.',
    ),
  },
  {
    asks: 'who are you? what are you, which model are you, are you ChatGPT, are you human, are you real, your name',
    says: paragraphs(
      prose(
        'I am the demo model that comes with Antiphon.',
        'I am no neural network: I choose each token by counting what came next in a few pages of text.',
      ),
      'I need no key and no network, and I am here so that you can try Antiphon before you connect a real model.',
    ),
  },
  {
    asks: 'how do you work? how does the demo model work, n-gram, tokens, statistics, training, language model, explain',
    says: prose(
      'I look at the last few tokens, find the places where they stand in the text I was trained on,',
      'and draw the next token from what followed there.',
      'Your question decides which pages weigh most. At a high temperature I wander off, as real models do.',
    ),
  },
  {
    asks: 'what can you do? help, help me, what can I ask, can you help, capabilities, ideas, suggestions',
    says: paragraphs(
      'Ask me about Antiphon, for example:',
      [
        '- How do I start it?',
        '- How do I connect a real model, or Postgres?',
        '- How do I cancel or resume an answer?',
        '- What does a subscription look like?',
      ].join('\n'),
      'I can also call tools, write JSON, think aloud and fail on purpose, each under a model name of its own.',
    ),
  },
  {
    asks: 'how are you? how do you do, how is it going, how do you feel, what is up, are you okay',
    says: prose(
      'Very well, thank you. My cache is warm and my sockets are open.',
      'And you? Tell me what you would like to build, and I will tell you what I know.',
    ),
  },
  {
    asks: 'thank you, thanks, thanks a lot, great, awesome, nice, cool, well done, good job, perfect',
    says: prose('You are welcome! It was a pleasure to sample for you.', 'Come back whenever you like; I never sleep.'),
  },
  {
    asks: 'goodbye, bye, see you, good night, farewell, later',
    says: prose(
      'Goodbye! This conversation is stored, so you will find it here when you come back.',
      'Next time, perhaps, with a real model at my desk.',
    ),
  },
  {
    asks: 'tell me a joke, something funny, make me laugh, humour',
    says: prose(
      'A subscription walks into a bar and says nothing.',
      'The barkeeper sends a snapshot, then a delta, then another delta, and at last the bill.',
      'The subscription says: thank you, I have been waiting for the end.',
    ),
  },
  {
    asks: 'write a poem, poem, song, haiku, verse, rhyme, poetry',
    says: paragraphs(
      ['One voice begins, another voice replies,', 'a token falls, and then another flies;'].join('\n'),
      ['the line may break, the tab may close its door,', 'the song goes on exactly as before.'].join('\n'),
      'The poet thanks you for your patience.',
    ),
  },
  {
    asks: 'tell me a story, write a story, once upon a time, tale, fairy tale, long text',
    says: paragraphs(
      prose(
        'Once upon a time there was an answer that belonged to a socket.',
        'One day the train went into a tunnel, the socket died, and the answer was gone.',
      ),
      prose(
        'So the answer moved into the server. When the train came out of the tunnel the reader asked for the rest,',
        'and got exactly the rest. They lived happily ever after.',
      ),
    ),
  },
  {
    asks: 'write code, program, function, hello world in JavaScript, TypeScript, Python, script, code example',
    says: paragraphs(
      'Here is a small program that asks Antiphon a question:',
      code(
        'js',
        'const query = `mutation { createCompletion(input: { messages: [{ role: USER, content: "Hello" }] }) {',
        '  ... on CreateCompletionPayload { completion { choices { message { content } } } } } }`',
        "const headers = { 'content-type': 'application/json' }",
        "const response = await fetch('http://localhost:4000/graphql', {",
        "  method: 'POST', headers, body: JSON.stringify({ query }),",
        '})',
        'console.log(JSON.stringify(await response.json()))',
      ),
      'It runs on Node as it stands. For other code you will want a real model.',
    ),
  },
  {
    asks: 'what time is it, date today, weather, news, what day is it, temperature outside, current, capital of France',
    says: prose(
      'I cannot know that: I have no clock, no window and no newspaper.',
      'Give a real model a tool that knows, and Antiphon will carry the call and its result.',
      'With the model `demo-tools` you can see how such a call looks.',
    ),
  },
  {
    asks: 'what is two plus two, calculate, math, sum, count to ten, number, multiply, solve',
    says: prose(
      'I can count tokens, but I cannot do sums.',
      'A model of statistics would only guess, and I would rather not. Ask a real model, or give it a calculator as a tool.',
    ),
  },
  {
    asks: 'emoji, smile, unicode, language, speak German, French, Spanish, Chinese, Japanese, translate, translation',
    says: prose(
      'I was trained on English pages only, so I speak nothing else.',
      'But I can show you that letters of every kind come through whole: Grüße, merci, こんにちは, 你好, 🙂 and 👩‍🚀.',
      'Each of them may be several tokens, and none is ever torn apart.',
    ),
  },
  {
    asks: 'tell me more, go on, continue, more details, and then, why, what else, elaborate',
    says: prose(
      'Gladly, but I have told you most of what I know about that.',
      'The README goes further, and GraphiQL shows every field with its description.',
    ),
  },
]
