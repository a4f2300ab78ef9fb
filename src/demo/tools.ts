import { randomBytes } from 'node:crypto'
import { instanceOf } from './instance.ts'
import { type DemoRequest, type JsonSchema, textOf } from './request.ts'

interface Tool {
  name: string
  description?: string | null | undefined
  parameters?: JsonSchema | null | undefined
}

export interface ToolCall {
  id: string
  name: string
  arguments: string
}

const getWeather: Tool = {
  name: 'get_weather',
  description: 'The weather in a city.',
  parameters: {
    type: 'object',
    properties: { city: { type: 'string' }, unit: { type: 'string', enum: ['celsius', 'fahrenheit'] } },
    required: ['city', 'unit'],
  },
}

/** Returns the call that a request demands or that its question suggests; null if the answer is a text. */
export function callFor(request: DemoRequest, isToolLover: boolean, random: () => number): ToolCall | null {
  const tool = choose(request, isToolLover)
  if (!tool) return null
  const value = instanceOf(tool.parameters ?? { type: 'object' }, wordsOf(questionOf(request)), random)
  return { id: `call_${randomBytes(12).toString('hex')}`, name: tool.name, arguments: JSON.stringify(value) }
}

export function questionOf({ messages }: DemoRequest): string {
  const asked = messages.findLast(({ role }) => role === 'user')
  return asked ? textOf(asked) : ''
}

/** Returns words that can be used as strings: the names in a question or, if it has none, its longer words. */
export function wordsOf(question: string): string[] {
  // A run of letters that is longer than any word is divided into pieces.
  const words = question.match(/[\p{L}\p{N}]{1,100}/gu) ?? []
  const names = words.slice(1).filter((word) => /^\p{Lu}\p{Ll}/u.test(word))
  return names.length > 0 ? names : words.filter((word) => word.length > 4)
}

function choose(request: DemoRequest, isToolLover: boolean): Tool | null {
  const given = request.tools?.map((tool) => tool.function) ?? []
  const choice = request.tool_choice ?? 'auto'
  if (choice === 'none') return null
  if (typeof choice === 'object') return given.find(({ name }) => name === choice.function.name) ?? null
  if (choice !== 'required' && request.messages.at(-1)?.role === 'tool') return null
  const best = bestFit(given, questionOf(request))
  if (choice === 'required') return best ?? given[0] ?? null
  return isToolLover ? (best ?? given[0] ?? getWeather) : best
}

function bestFit(tools: readonly Tool[], question: string): Tool | null {
  const asked = new Set(longWords(question))
  const fits = tools.map((tool) =>
    longWords(`${tool.name} ${tool.description ?? ''}`).filter((word) => asked.has(word)),
  )
  const best = Math.max(0, ...fits.map(({ length }) => length))
  return best === 0 ? null : (tools[fits.findIndex(({ length }) => length === best)] ?? null)
}

function longWords(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]{4,}/gu) ?? []
}
