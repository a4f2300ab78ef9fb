import { code, type Passage, paragraphs, prose } from './passage.ts'

/** Passages about Antiphon and its operation. */
export const productPassages: readonly Passage[] = [
  {
    asks: 'what is Antiphon? what does Antiphon do, explain this product, what is it for',
    says: paragraphs(
      prose(
        'Antiphon is a GraphQL service layer over chat completions.',
        'You put it between your apps and any OpenAI-compatible model server.',
      ),
      prose(
        'It gives you what a bare completions endpoint leaves out: a typed schema, conversations,',
        'answers that survive a lost connection, and a stop button that works from anywhere.',
      ),
    ),
  },
  {
    asks: 'tell me about Antiphon, why should I use Antiphon, benefits, advantages, features, summary',
    says: paragraphs(
      'Antiphon takes care of what every chat product builds again and again:',
      [
        '- **Answers that survive.** The server owns the answer, so a closed tab or a lost network stops nothing.',
        '- **Exactly the text.** What viewers see, piece by piece, is what is stored, to the character.',
        '- **A stop button that works.** Anyone who may write can cancel, from any device, and the text so far is kept.',
        '- **One typed schema.** Queries, mutations and subscriptions, with errors that you can switch on.',
      ].join('\n'),
      'It asks any model server that speaks the OpenAI wire format, so that one stays as it is.',
    ),
  },
  {
    asks: 'how do I start Antiphon? install, run, launch, set up, setup, getting started, begin, npm start',
    says: paragraphs(
      'Two commands are enough, with Node 20.19 or later and nothing else installed. In the folder that you cloned, type:',
      code('sh', 'npm ci && npm start'),
      prose(
        'Then open http://localhost:4000 in your browser.',
        'You need no database, no key and no network: the messages are kept in the folder `.data`,',
        'and I answer the questions until you connect a real model.',
      ),
    ),
  },
  {
    asks: 'how do I start the server? quick start, which command starts it, how to run it locally',
    says: paragraphs(
      prose(
        'Clone the repository, install with `npm ci`, and start with `npm start`.',
        'When the server is ready it prints its addresses and says which database, bus, upstreams and sign-in it uses.',
      ),
      prose(
        'It serves the page on port 4000, and GraphiQL beside it under `/graphql`.',
        'While you work on the code, `npm run dev` reloads it, and `npm test` runs the tests.',
      ),
    ),
  },
  {
    asks: 'how do I connect a real model? use OpenAI, GPT, API key, point to another model server, OPENAI_API_KEY, provider',
    says: paragraphs(
      'Set a key before you start, and the real model answers in my place:',
      code('sh', 'OPENAI_API_KEY=sk-... npm start'),
      prose(
        'For any other server that speaks the OpenAI format, set `OPENAI_BASE_URL` as well,',
        'or alone when the server needs no key. Nothing else changes, neither in your app nor in the stored conversations.',
      ),
    ),
  },
  {
    asks: 'how do I use a local model? Ollama, vLLM, llama.cpp, LM Studio, OPENAI_BASE_URL, self-hosted, offline',
    says: paragraphs(
      'A local server needs no key, only its address:',
      code('sh', 'OPENAI_BASE_URL=http://localhost:11434/v1 npm start'),
      prose(
        'Ollama, vLLM, llama.cpp and LM Studio all serve this format.',
        'Their models then appear in the list of models, and you choose one by its name.',
      ),
    ),
  },
  {
    asks: 'several upstreams, UPSTREAMS_FILE, fallback, failover, retry, more than one provider, prices, timeouts',
    says: paragraphs(
      prose(
        'Write a list of upstreams into a JSON file and name it in `UPSTREAMS_FILE`.',
        'Each has a name, a base URL, its models, its prices and its timeouts.',
      ),
      prose(
        'They are tried in order for a model. A request that fails before the first token is retried',
        'and then goes to the next upstream; after the first token it never does, so no text is ever written twice.',
      ),
    ),
  },
  {
    asks: 'how do I use Postgres? database, DATABASE_URL, PGlite, storage, where is my data stored, persistence, backup',
    says: paragraphs(
      'Without any setting Antiphon keeps everything in an embedded Postgres, PGlite, in the folder `.data`. For a real one:',
      code('sh', 'DATABASE_URL=postgres://user:password@localhost:5432/antiphon npm start'),
      prose(
        'The tables are made when the server starts, so there is nothing else to run.',
        'Use Postgres 14 or later, and use it as soon as you run more than one server.',
      ),
    ),
  },
  {
    asks: 'what is Redis for? REDIS_URL, bus, wake-ups, scale, many servers, replicas, load balancer, cluster, production',
    says: paragraphs(
      prose(
        'Several Antiphon servers share one Postgres, and each can serve every viewer.',
        'They wake each other through a bus that carries no truth, only the news that something moved.',
      ),
      prose(
        'The bus is Postgres itself, or Redis where `REDIS_URL` is set, which is the way to tens of servers.',
        'A lost message costs a short delay and never a word of the answer.',
      ),
    ),
  },
  {
    asks: 'which settings are there? environment variables, configuration, configure, PORT, HOST, .env file, options',
    says: paragraphs(
      'The settings come from the environment, and the most useful ones are these:',
      [
        '- `PORT` and `HOST`: where the server listens, port 4000 unless you say otherwise.',
        '- `DATABASE_URL`: a Postgres database in place of the embedded one.',
        '- `OPENAI_API_KEY` and `OPENAI_BASE_URL`: the model server.',
        '- `DEFAULT_MODEL`: the model for requests that name none.',
      ].join('\n'),
      'An unknown or malformed setting stops the start with one line that says what is wrong.',
    ),
  },
  {
    asks: 'change the port, port already in use, EADDRINUSE, address, where does it listen',
    says: prose(
      'Set `PORT` to another number, as in `PORT=5000 npm start`, or to 0 to take any free port, which is then printed.',
      'On your own machine the server listens on 127.0.0.1 only, so nobody else on the network can reach it.',
    ),
  },
  {
    asks: 'which doors, addresses, endpoints, URLs, paths, routes, GraphiQL, where is the API, SDL, schema file',
    says: paragraphs(
      'Everything is served on one port:',
      [
        '- `/` is the chat page.',
        '- `/graphql` is the API, over POST, SSE and WebSocket, and GraphiQL when you open it in a browser.',
        '- `/livez` and `/readyz` say whether the server lives and whether it can serve.',
      ].join('\n'),
      'The schema itself is at `/schema.graphql`.',
    ),
  },
  {
    asks: 'who am I, sign in, log in, login, authentication, Authorization header, Dev alice, user, account, password',
    says: paragraphs(
      'On your own machine you sign in by saying who you are:',
      code('http', 'Authorization: Dev alice'),
      prose(
        'Without the header you are the user dev. There is no password, so the server binds to loopback only',
        'and refuses to run like this in production.',
      ),
    ),
  },
  {
    asks: 'how is it built? architecture, layers, code, TypeScript, Pothos, Yoga, Prisma, inside, contribute',
    says: paragraphs(
      prose(
        'Antiphon is written in TypeScript and runs on Node. The schema is made with Pothos, served by GraphQL Yoga',
        'and graphql-ws, and the data goes through Prisma.',
      ),
      prose(
        'The code has few layers, and imports run one way: transport, schema, chat, and below them upstream, store and stream.',
        'The same noun names the same thing in each of them.',
      ),
    ),
  },
  {
    asks: 'is it fast? performance, speed, latency, time to first token, memory, benchmark, slow',
    says: prose(
      'A viewer is a position in the answer and not a queue, so a slow one costs no more memory than a fast one.',
      'When its connection can take more, it gets all that is new in one piece.',
      'Run `npm run bench` to see the figures on your own machine, and remember that my own pace is pretended.',
    ),
  },
  {
    asks: 'what does the name mean? antiphon name origin, why is it called Antiphon',
    says: prose(
      'An antiphon is a song in which one choir sings and another answers.',
      'Here you sing the question, the model answers, and everybody in the room hears the same song.',
    ),
  },
  {
    asks: 'is it free? licence, license, MIT, price, cost, open source, commercial use',
    says: prose(
      'Antiphon itself is free software under the MIT licence.',
      'The demo model costs nothing at all. A real model costs what its provider asks,',
      'and every completion tells you how many tokens it used.',
    ),
  },
]
