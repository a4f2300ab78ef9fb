import type { CompletionStreamSubscriptionVariables, CreateCompletionInput } from '../generated/graphql.ts'
import type { Request } from './request.ts'

/** The same question through /v1 with the `openai` package; null if the operation asks no new question. */
export function openaiSnippet({ name, url, authorization, variables }: Request): string | null {
  if (name !== 'CompletionStream') return null
  const { start } = (variables as CompletionStreamSubscriptionVariables).input
  const question = start?.completion.messages[0]
  if (start === undefined || question === undefined) return null
  const { model, conversationId } = start.completion
  const request = {
    ...(model ? { model } : {}),
    messages: [{ role: 'user', content: contentOf(question) }],
    stream: true,
  }
  const headers = { headers: { 'x-conversation-id': conversationId ?? 'new' } }
  return `import OpenAI from 'openai'

const openai = new OpenAI(${json({ baseURL: new URL('/v1', url).href, ...signInOf(authorization) })})
${conversationId ? branchNote : ''}
const answer = await openai.chat.completions.create(${json(request)}, ${json(headers)})
for await (const { choices } of answer) process.stdout.write(choices[0]?.delta.content ?? '')`
}

const branchNote = `
// In this format each request has the whole history. Put the messages before the question in front of it: without them it
// begins a branch at the beginning of the conversation.`

function contentOf({ content, parts }: CreateCompletionInput['messages'][number]) {
  if (!parts) return content
  return parts.flatMap(({ text, image }) => {
    if (text !== undefined) return { type: 'text', text }
    return image?.url ? { type: 'image_url', image_url: { url: image.url } } : []
  })
}

/** The package sends its key as a bearer token; any other form of sign-in replaces that header. */
function signInOf(authorization: string | null) {
  const key = authorization === null ? null : /^Bearer (.+)$/.exec(authorization)?.[1]
  return key ? { apiKey: key } : { apiKey: 'none', defaultHeaders: { authorization } }
}

function json(value: object): string {
  return JSON.stringify(value, null, 2)
}
