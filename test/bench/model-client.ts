import { once } from 'node:events'
import type { Pool } from 'undici'

const headers = { 'content-type': 'application/json' }
const prefix = 'data: '

/** Streams one answer, read by the least that can read it. */
export async function askModel(
  pool: Pool,
  model: string,
  question: string,
  onContent: (content: string) => void,
): Promise<void> {
  const body = JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: question }] })
  const path = '/v1/chat/completions'
  const response = await pool.request({ method: 'POST', path, headers, body })
  if (response.statusCode !== 200) throw new Error(`The model server answered ${response.statusCode}`)
  let rest = ''
  response.body.setEncoding('utf8').on('data', (text: string) => {
    const events = (rest + text).split('\n\n')
    rest = events.pop() ?? ''
    for (const event of events) {
      const data = event.slice(prefix.length)
      if (data === '[DONE]') continue
      const content = JSON.parse(data).choices[0]?.delta.content
      if (content) onContent(content)
    }
  })
  await once(response.body, 'end')
}
