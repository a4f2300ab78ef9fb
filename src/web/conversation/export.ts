import type { Client } from 'urql'
import { nodesOf } from '../connection/nodes.ts'
import { graphql } from '../generated/gql.ts'
import type { ExportPageQuery } from '../generated/graphql.ts'

const ExportPage = graphql(`
  query ExportPage($id: ID!, $after: String) {
    conversation(id: $id) {
      id
      title
      systemPrompt
      messages(first: 100, after: $after) {
        edges {
          node {
            id
            role
            content
            reasoning
            createdAt
            author { name }
            toolCalls { name arguments }
            completion { model usage { totalTokens costMicros } }
          }
        }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
`)

type Conversation = NonNullable<ExportPageQuery['conversation']>
type Message = ReturnType<typeof nodesOf<NonNullable<Conversation['messages']['edges'][number]>['node']>>[number]

export type ExportFormat = 'markdown' | 'json'

/** Reads the whole path of the conversation, and offers it as a file. */
export async function exportConversation(client: Client, id: string, title: string, format: ExportFormat) {
  const messages: Message[] = []
  let conversation: Conversation | null | undefined
  let after: string | null = null
  do {
    const result: { data?: ExportPageQuery | undefined } = await client.query(ExportPage, { id, after })
    conversation = result.data?.conversation
    if (!conversation) return
    messages.push(...nodesOf(conversation.messages.edges))
    after = conversation.messages.pageInfo.hasNextPage ? (conversation.messages.pageInfo.endCursor ?? null) : null
  } while (after !== null)

  const { systemPrompt } = conversation
  const isJson = format === 'json'
  const text = isJson ? JSON.stringify({ title, systemPrompt, messages }, null, 2) : markdownOf(title, messages)
  download(`${fileNameOf(title)}.${isJson ? 'json' : 'md'}`, text, isJson ? 'application/json' : 'text/markdown')
}

function markdownOf(title: string, messages: readonly Message[]): string {
  const parts = messages.map(({ role, author, content, completion, toolCalls }) => {
    const speaker = role === 'ASSISTANT' ? (completion?.model ?? 'Answer') : (author?.name ?? role.toLowerCase())
    const calls = toolCalls.map((call) => `\`\`\`json\n${call.name}(${call.arguments})\n\`\`\``)
    return [`## ${speaker}`, ...(content ? [content] : []), ...calls].join('\n\n')
  })
  return `${[`# ${title}`, ...parts].join('\n\n')}\n`
}

function fileNameOf(title: string): string {
  return (
    title
      .replace(/[^\p{L}\p{N}]+/gu, '-')
      .replace(/^-|-$/g, '')
      .slice(0, 60) || 'conversation'
  )
}

function download(name: string, text: string, type: string) {
  const url = URL.createObjectURL(new Blob([text], { type }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  URL.revokeObjectURL(url)
}
