interface Logprob {
  token: string
  logprob: number
  bytes: number[]
}
interface Said {
  role?: string
  content?: string | null
  reasoning_content?: string
  tool_calls?: { id?: string; type?: string; function: { name?: string; arguments: string } }[]
}
interface Choice {
  index: number
  message: Said
  delta: Said
  finish_reason: string | null
  logprobs: { content: (Logprob & { top_logprobs: Logprob[] })[] } | null
}
export interface Body {
  id: string
  object: string
  model: string
  choices: Choice[]
  usage: {
    prompt_tokens: number
    completion_tokens: number
    total_tokens: number
    completion_tokens_details: object
  } | null
  error?: { message: string; type: string; param: string | null; code: string | null }
}

export const user = (content: string) => ({ messages: [{ role: 'user', content }] })

/** Sends requests to a demo model over HTTP, in OpenAI's format. */
export function createDemoClient(baseUrl: () => string) {
  function post(parameters: object, signal?: AbortSignal) {
    const messages = [{ role: 'user', content: 'How do I start Antiphon?' }]
    const body = JSON.stringify({ model: 'demo-fast', messages, ...parameters })
    return fetch(`${baseUrl()}/chat/completions`, { method: 'POST', body, signal: signal ?? null })
  }

  async function ask(parameters: object = {}) {
    const response = await post(parameters)
    const body = (await response.json()) as Body
    const [choice] = body.choices ?? []
    return { response, body, choice, text: choice?.message.content ?? '' }
  }

  async function stream(parameters: object = {}) {
    const text = await (await post({ ...parameters, stream: true })).text()
    const events = text.split('\n\n').filter((event) => event !== '')
    const done = events.at(-1) === 'data: [DONE]'
    const chunks = events
      .slice(0, done ? -1 : undefined)
      .map((event) => JSON.parse(event.slice('data: '.length)) as Body)
    return { chunks, done, text: (index = 0) => contentOf(chunks, index) }
  }

  return { post, ask, stream }
}

export function contentOf(chunks: Body[], index: number) {
  const choices = chunks.flatMap((chunk) => chunk.choices ?? []).filter((choice) => choice.index === index)
  return choices.map(({ delta }) => delta.content ?? '').join('')
}
