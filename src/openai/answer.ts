import { ChatError } from '../chat/access/error.ts'
import type { User } from '../chat/access/viewer.ts'
import type { Chat } from '../chat/chat.ts'
import type { ChoiceDelta, Completion, CompletionEvent } from '../chat/completion/completion.ts'
import { createChunkWriter, errorEvent } from './chunk.ts'
import { wireCompletion } from './completion.ts'
import type { CompletionRequest } from './completion-request.ts'
import { completionError, failureError, OpenaiError } from './error.ts'

export interface Answer {
  /** Null if nothing is stored. */
  conversationId: string | null
  /** The events of a stream with their framing, or one complete object. */
  body: AsyncIterable<string> | object
}

/** An unstored answer is forgotten some time after its end. A request that repeats its idempotency key then gets this error. */
function answerGone(): OpenaiError {
  const message = 'This Idempotency-Key was used, and its answer was not stored: take a new key to ask again.'
  return new OpenaiError(message, { status: 409, code: 'answer_gone', param: 'Idempotency-Key', retryable: false })
}

/**
 * The signal aborts when the client has left, which cancels an unstored answer that nobody else follows. Rejects with
 * OpenaiError.
 */
export async function wholeAnswer(
  { completions }: Chat,
  viewer: User,
  { input, inOldForm }: CompletionRequest,
  signal: AbortSignal,
): Promise<Answer> {
  const { completion } = await completions.create(viewer, input, signal).catch(rethrow)
  if (completion.status !== 'COMPLETED') throw completionError(completion)
  const [choices = []] = await completions.choices([completion])
  if (choices.length === 0 && !completion.stored) throw answerGone()
  return { conversationId: completion.conversationId, body: wireCompletion(completion, choices, inOldForm) }
}

function rethrow(error: unknown): never {
  throw error instanceof ChatError ? failureError(error.failure) : error
}

/** Resolves when the answer has begun, so that an earlier failure can have an HTTP status. Rejects with OpenaiError. */
export async function streamedAnswer(
  { completions }: Chat,
  viewer: User,
  request: CompletionRequest,
  signal: AbortSignal,
): Promise<Answer> {
  const { idempotencyKey = null, ...completion } = request.input
  const events = await completions.start(viewer, { idempotencyKey, completion, mode: 'DELTA', flushMs: 0 })
  // `return` is called directly, because a loop that waits for the next event could be left only when that event comes.
  const leave = () => void events.return?.()
  signal.addEventListener('abort', leave, { once: true })
  if (signal.aborted) leave()
  try {
    const opening = await openingOf(events)
    return { conversationId: opening.completion.conversationId, body: eventsOf(opening, events, request) }
  } catch (error) {
    leave()
    throw error
  }
}

interface Opening {
  completion: Completion
  choices: readonly ChoiceDelta[]
}

async function openingOf(events: AsyncIterator<CompletionEvent>): Promise<Opening> {
  let completion: Completion | null = null
  for (;;) {
    const { done, value: event } = await events.next()
    if (done) throw new DOMException('The stream was left before its first words.', 'AbortError')
    if (event.type === 'rejected') throw failureError(event.failure)
    if (event.type === 'ended') throw endedEmpty(event.completion)
    // The completion of the last snapshot is used, because the first chunk of the upstream tells which model answers.
    if (event.type === 'snapshot') completion = event.completion
    if (completion !== null && event.choices.length > 0) return { completion, choices: event.choices }
  }
}

function endedEmpty(completion: Completion): OpenaiError {
  return completion.status === 'COMPLETED' ? answerGone() : completionError(completion)
}

/**
 * Ends with [DONE] or with an error event. Throws if the events end before either, because the server stops or the client has
 * left.
 */
async function* eventsOf(
  { completion, choices }: Opening,
  events: AsyncIterator<CompletionEvent>,
  request: CompletionRequest,
): AsyncGenerator<string> {
  const writer = createChunkWriter(completion, request)
  yield writer.deltas(choices)
  for (;;) {
    const { done, value: event } = await events.next()
    if (done) throw new DOMException('The answer was left before its end.', 'AbortError')
    if (event.type === 'delta') yield writer.deltas(event.choices)
    if (event.type === 'rejected') return yield errorEvent(failureError(event.failure))
    if (event.type !== 'ended') continue
    const { status } = event.completion
    return yield status === 'COMPLETED' ? writer.end(event.completion) : errorEvent(completionError(event.completion))
  }
}
