import { StoreError } from '../store/error.ts'
import type { ChoiceDelta } from '../stream/delta.ts'
import { storableText } from '../stream/text.ts'
import type { Chunk } from '../upstream/chunk.ts'
import { UpstreamError } from '../upstream/error.ts'
import type { StreamHandlers, Upstreams } from '../upstream/upstream.ts'
import type { AnswerLog } from './answer-log.ts'
import type { Conclude } from './conclusion.ts'
import type { Context } from './context.ts'
import {
  type Ending,
  endingOfFault,
  endingOfLength,
  endingOfStop,
  endingOfStorage,
  endingOfUpstream,
} from './ending.ts'
import { ChatError } from './error.ts'
import type { Live, LiveAnswers, StopReason } from './live.ts'
import type { Log } from './log.ts'
import type { Mirrors } from './mirror.ts'
import { createRevealer } from './revealer.ts'
import type { Turns } from './turn.ts'
import type { Received } from './usage.ts'

/** Carries an answer from the upstream to its end. */
export interface Relay {
  /**
   * What waits for its turn waits first; where another server goes on with it, its viewers here watch it there. The
   * context is null where it has to be read then. Never rejects: what goes wrong is the ending.
   */
  run(live: Live, context: Context | null): Promise<void>
}

export interface RelayOptions {
  upstreams: Upstreams
  answerLog: AnswerLog
  lives: LiveAnswers
  mirrors: Mirrors
  turns: Turns
  conclude: Conclude
  log: Log
}

function storableOrNull(text: string | null): string | null {
  return text === null ? null : storableText(text)
}

function hasText({ content, refusal, reasoning, toolCalls }: ChoiceDelta): boolean {
  return content !== '' || refusal !== '' || reasoning !== '' || toolCalls.length > 0
}

/** Many a first chunk only says that an assistant speaks. */
function isNews(choice: ChoiceDelta): boolean {
  return hasText(choice) || choice.finishReason !== null || choice.logprobs !== null
}

export function createRelay(options: RelayOptions): Relay {
  const { upstreams, answerLog, lives, mirrors, turns, conclude, log } = options
  // Nothing of an unstored answer is written, so its viewers wait for no commit.
  const revealer = createRevealer()

  function receive({ completion, answer }: Live, received: Received, chunk: Chunk) {
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
    if (completion.stored) answerLog.touch(answer)
    else revealer.touch(answer)
  }

  function handlersOf(live: Live, received: Received): StreamHandlers {
    const { completion, stopper } = live
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
      onChunk: (chunk) => receive(live, received, chunk),
    }
  }

  async function contextAtItsTurn(live: Live): Promise<Context> {
    live.stopper.signal.throwIfAborted()
    const context = await live.prompt()
    live.completion.context = context.report
    return context
  }

  function endingOf({ stopper, completion }: Live, error: unknown): Ending {
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

  async function ask(live: Live, context: Context | null, received: Received): Promise<Ending> {
    try {
      const { messages } = context ?? (await contextAtItsTurn(live))
      received.messages = messages
      const { model } = live.completion
      await upstreams.stream({ model, messages, parameters: live.parameters }, handlersOf(live, received))
      return { status: 'COMPLETED', error: null }
    } catch (error) {
      return endingOf(live, error)
    }
  }

  return {
    async run(live, context) {
      if (live.isWaiting && !(await turns.take(live))) {
        lives.discard(live)
        mirrors.adopt(live.answer)
        return
      }
      const received: Received = { messages: [], usage: null, wasAnswered: false }
      await conclude(live, await ask(live, context, received), received)
    },
  }
}
