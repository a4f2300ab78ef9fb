import { onTestFinished } from 'vitest'
import type { Chunk } from '../../src/upstream/chunk.ts'
import { UpstreamError } from '../../src/upstream/error.ts'
import type { ChatRequest } from '../../src/upstream/request-body.ts'
import {
  type Attempt,
  createUpstreams,
  type StreamHandlers,
  type UpstreamSettings,
  type Upstreams,
} from '../../src/upstream/upstream.ts'
import { plainUpstream } from '../../src/upstream/upstreams-file.ts'
import { type ScriptedUpstream, startScriptedUpstream } from './upstream.ts'

type Overrides = Partial<Omit<UpstreamSettings, 'timeouts'>> & { timeouts?: Partial<UpstreamSettings['timeouts']> }

/** The time limits are so long that a test that does not shorten them never reaches one. */
export function settingsFor(baseUrl: string, { timeouts, ...overrides }: Overrides = {}): UpstreamSettings {
  return {
    ...plainUpstream,
    name: 'test',
    baseUrl,
    apiKey: 'sk-canary-0123456789',
    ...overrides,
    timeouts: { connectMs: 60_000, firstByteMs: 60_000, idleMs: 60_000, totalMs: 60_000, ...timeouts },
  }
}

const defaults = { proxy: null, answerBytes: 8 * 1024 * 1024 }

export function connect(...settings: UpstreamSettings[]): Upstreams {
  const upstreams = createUpstreams(settings, defaults)
  onTestFinished(() => upstreams.close())
  return upstreams
}

export async function scripted(): Promise<ScriptedUpstream> {
  const server = await startScriptedUpstream()
  onTestFinished(() => server.close())
  return server
}

/** Starts a separate server for the test, and a client of it. */
export async function start(overrides: Overrides = {}) {
  const server = await scripted()
  return { server, upstreams: connect(settingsFor(server.baseUrl, overrides)) }
}

export interface Answer {
  /** content of choice 0 */
  text: string
  chunks: Chunk[]
  attempts: Attempt[]
  responses: { upstream: string; requestId: string | null }[]
  /** null if the answer is complete */
  error: unknown
}

export async function ask(
  upstreams: Upstreams,
  request: Partial<ChatRequest> = {},
  handlers: Partial<StreamHandlers> = {},
): Promise<Answer> {
  const answer: Answer = { text: '', chunks: [], attempts: [], responses: [], error: null }
  try {
    await upstreams.stream(
      { model: 'test-model', messages: [{ role: 'user', content: 'Hi' }], parameters: {}, ...request },
      {
        signal: new AbortController().signal,
        onAttempt: (attempt) => answer.attempts.push(attempt),
        onResponse: (response) => answer.responses.push(response),
        ...handlers,
        onChunk(chunk) {
          answer.chunks.push(chunk)
          for (const choice of chunk.choices) if (choice.index === 0) answer.text += choice.content
          handlers.onChunk?.(chunk)
        },
      },
    )
  } catch (error) {
    answer.error = error
  }
  return answer
}

/** Returns the code of a failed answer, or null for a complete one. Throws any error that is not an UpstreamError. */
export function codeOf({ error }: Answer): string | null {
  if (error === null) return null
  if (error instanceof UpstreamError) return error.code
  throw error
}
