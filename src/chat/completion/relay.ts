import { StoreError } from '../../database/error.ts'
import type { ChoiceDelta } from '../../stream/delta.ts'
import { storableText } from '../../stream/text.ts'
import type { Chunk } from '../../upstream/chunk.ts'
import { UpstreamError } from '../../upstream/error.ts'
import type { StreamHandlers, Upstreams } from '../../upstream/upstream.ts'
import { ChatError } from '../access/error.ts'
import type { Log } from '../access/log.ts'
import type { ActiveCompletion, StopReason } from '../answer/active-completion.ts'
import type { AnswerSink, AnswerSinkOf } from '../answer/answer-sink.ts'
import type { Context } from '../prompt/context.ts'
import {
  type Ending,
  endingOfFault,
  endingOfLength,
  endingOfStop,
  endingOfStorage,
  endingOfUpstream,
} from './ending.ts'
import type { Finalize } from './finalize.ts'
import type { Received } from './usage.ts'

/** Reads the context that is sent upstream. Throws ChatError if it has become too long. */
export type ReadContext = () => Promise<Context>

/** Passes an answer from the upstream to its viewers, and finalizes it. */
export interface Relay {
  /** Never rejects: a failure becomes the ending. */
  run(active: ActiveCompletion, readContext: ReadContext): Promise<void>
}

export interface RelayOptions {
  upstreams: Upstreams
  answerSinkOf: AnswerSinkOf
  finalize: Finalize
  log: Log
}

function storableOrNull(text: string | null): string | null {
  return text === null ? null : storableText(text)
}

function hasText({ content, refusal, reasoning, toolCalls }: ChoiceDelta): boolean {
  return content !== '' || refusal !== '' || reasoning !== '' || toolCalls.length > 0
}

/** The first chunk of many upstreams has only the role of the message, which is no news to a viewer. */
function isNews(choice: ChoiceDelta): boolean {
  return hasText(choice) || choice.finishReason !== null || choice.logprobs !== null
}

export function createRelay(options: RelayOptions): Relay {
  const { upstreams, answerSinkOf, finalize, log } = options

  function receive({ completion, answer }: ActiveCompletion, sink: AnswerSink, received: Received, chunk: Chunk) {
    completion.upstreamId ??= storableOrNull(chunk.id)
    completion.created ??= chunk.created
    completion.modelUsed ??= storableOrNull(chunk.model)
    completion.systemFingerprint ??= storableOrNull(chunk.systemFingerprint)
    completion.serviceTier = storableOrNull(chunk.serviceTier) ?? completion.serviceTier
    received.usage = chunk.usage ?? received.usage
    const choices = chunk.choices.filter(isNews)
    if (choices.length === 0) return
    if (completion.firstTokenAt === null && choices.some(hasText)) completion.firstTokenAt = new Date()
    answer.append(choices)
    sink.touch(answer)
  }

  function handlersOf(active: ActiveCompletion, received: Received): StreamHandlers {
    const { completion, stopper } = active
    const sink = answerSinkOf(completion)
    return {
      signal: stopper.signal,
      onAttempt({ startedAt, ...attempt }) {
        completion.attempts.push({ ...attempt, startedAt: startedAt.toISOString() })
      },
      onResponse({ upstream, requestId }) {
        received.wasAnswered = true
        completion.upstream = upstream
        completion.requestId = storableOrNull(requestId)
      },
      onChunk: (chunk) => receive(active, sink, received, chunk),
    }
  }

  function endingOf({ stopper, completion }: ActiveCompletion, error: unknown): Ending {
    if (stopper.signal.aborted) return endingOfStop(stopper.signal.reason as StopReason)
    if (error instanceof UpstreamError) {
      completion.requestId ??= storableOrNull(error.requestId)
      return endingOfUpstream(error)
    }
    if (error instanceof ChatError) return endingOfLength(error.message)
    if (error instanceof StoreError) return endingOfStorage()
    log.error({ err: error, completionId: completion.id }, 'an answer could not be relayed')
    return endingOfFault()
  }

  async function ask(active: ActiveCompletion, readContext: ReadContext, received: Received): Promise<Ending> {
    try {
      active.stopper.signal.throwIfAborted()
      const { messages, report } = await readContext()
      active.completion.context = report
      received.messages = messages
      const { model } = active.completion
      await upstreams.stream({ model, messages, parameters: active.parameters }, handlersOf(active, received))
      return { status: 'COMPLETED', error: null }
    } catch (error) {
      return endingOf(active, error)
    }
  }

  return {
    async run(active, readContext) {
      const received: Received = { messages: [], usage: null, wasAnswered: false }
      await finalize(active, await ask(active, readContext, received), received)
    },
  }
}
