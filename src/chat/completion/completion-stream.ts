import { setImmediate as turn } from 'node:timers/promises'
import type { Completion } from '../../store/completion.ts'
import { readCursor } from '../../stream/cursor.ts'
import type { Position } from '../../stream/position.ts'
import type { Source } from '../../stream/source.ts'
import type { AccessWatches } from '../access/access-watch.ts'
import { ChatError, invalidInput } from '../access/error.ts'
import { checkKey } from '../access/idempotency-key.ts'
import type { Limits } from '../access/limits.ts'
import type { User } from '../access/viewer.ts'
import type { ActiveCompletions } from '../answer/active-completion.ts'
import type { AnswerLookup } from '../answer/answer-lookup.ts'
import { type CompletionEvent, rejection, type StreamMode, watchAnswer } from '../answer/completion-event.ts'
import { checkCompletionInput } from '../prompt/completion-check.ts'
import type { CompletionInput } from '../prompt/completion-input.ts'
import type { StartOnce } from './idempotency.ts'

interface StreamShape {
  mode: StreamMode
  /** The minimum time between two events. */
  flushMs: number
}

export interface StartInput extends StreamShape {
  /** Null if the client cannot repeat the request without a second effect. */
  idempotencyKey: string | null
  completion: CompletionInput
}

export interface WatchInput extends StreamShape {
  completionId: string
  after: string | null
}

export interface CompletionStreams {
  /** Starts a completion and watches it. A failure before the completion exists becomes a rejection event. */
  start(viewer: User, input: StartInput): Promise<Source<CompletionEvent>>
  watch(viewer: User, input: WatchInput): Promise<Source<CompletionEvent>>
}

export interface CompletionStreamsOptions {
  activeCompletions: ActiveCompletions
  answers: AnswerLookup
  accessWatches: AccessWatches
  startOnce: StartOnce
  limits: Limits
  /** Throws NOT_FOUND. */
  visible(viewer: User, completionId: string): Promise<Completion>
}

const maxFlushMs = 60_000

function checkFlush(flushMs: number, path: string): void {
  if (flushMs < 0 || flushMs > maxFlushMs) throw invalidInput(path, `takes 0 to ${maxFlushMs}, not ${flushMs}`)
}

/** Returns null without a cursor. An empty cursor means none: a rejection has it if the client's `watch` had no cursor. */
function positionOf(completionId: string, cursor: string | null): Position | null {
  if (!cursor) return null
  const read = readCursor(cursor)
  if (read === null) throw invalidInput('input.watch.after', 'is not a cursor')
  if (read.answerId !== completionId) throw invalidInput('input.watch.after', 'is a cursor of another completion')
  return read.position
}

export function createCompletionStreams(options: CompletionStreamsOptions): CompletionStreams {
  const { activeCompletions, answers, accessWatches, startOnce, limits, visible } = options

  async function follow(
    viewer: User,
    completion: Completion,
    position: Position | null,
    { mode, flushMs }: StreamShape,
    closeStream: () => void,
  ) {
    // Watched before the answer is opened, so that no loss of access in between is missed.
    const { lost, leave } = accessWatches.watch(viewer.id, completion.conversationId)
    const onLeave = () => {
      closeStream()
      leave()
    }
    try {
      // Read before the answer is opened: an opened answer must be followed at once, or it is forgotten.
      const messageIds = await answers.messageIds(completion)
      const answer = await answers.open(completion)
      // A cursor beyond the text that this replica has cannot be served, so the viewer gets a snapshot instead. A cursor beyond
      // the revealed text is served: another replica may read a commit before this replica gets the reply to it.
      const from = position !== null && (await answers.reaches(answer, position)) ? position : null
      const current = () => activeCompletions.get(completion.id)?.completion ?? answer.outcome() ?? completion
      return watchAnswer(answer, { from, mode, flushMs, messageIds, completion: current, lost, onLeave })
    } catch (error) {
      onLeave()
      throw error
    }
  }

  /** Counts the stream against the viewer's limit before any work, so that a refused stream has started nothing. */
  async function withStream<Events>(viewer: User, open: (closeStream: () => void) => Promise<Events>): Promise<Events> {
    const closeStream = limits.openStream(viewer)
    try {
      return await open(closeStream)
    } catch (error) {
      closeStream()
      throw error
    }
  }

  async function start(viewer: User, { idempotencyKey, completion: input, ...shape }: StartInput) {
    await limits.takeTry(viewer)
    const path = 'input.start.completion'
    checkKey(idempotencyKey, 'input.start.idempotencyKey')
    checkFlush(shape.flushMs, 'input.start.flushMs')
    checkCompletionInput({ ...input, idempotencyKey: null }, path)
    return withStream(viewer, async (closeStream) => {
      const { completion } = await startOnce(viewer, input, idempotencyKey, path)
      const events = await follow(viewer, completion, null, shape, closeStream)
      // undici sends on a reused connection only in the check phase of the event loop. Without this pause the first event would
      // be computed before that, and the request to the model would leave later.
      await turn()
      return events
    })
  }

  async function watch(viewer: User, { completionId, after, ...shape }: WatchInput) {
    checkFlush(shape.flushMs, 'input.watch.flushMs')
    return withStream(viewer, async (closeStream) => {
      const completion = await visible(viewer, completionId)
      return follow(viewer, completion, positionOf(completionId, after), shape, closeStream)
    })
  }

  return {
    start: (viewer, input) => orRejection({ completionId: '', cursor: '' }, start(viewer, input)),
    watch: (viewer, input) =>
      orRejection({ completionId: input.completionId, cursor: input.after ?? '' }, watch(viewer, input)),
  }
}

async function orRejection(
  request: { completionId: string; cursor: string },
  watching: Promise<Source<CompletionEvent>>,
) {
  try {
    return await watching
  } catch (error) {
    if (error instanceof ChatError) return rejection(error.failure, request)
    throw error
  }
}
