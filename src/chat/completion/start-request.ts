import type { Completion } from '../../store/completion.ts'
import type { IdempotencyKey } from '../access/idempotency-key.ts'
import type { User } from '../access/viewer.ts'
import type { CompletionInput } from '../prompt/completion-input.ts'

/** A client's request to start a completion. */
export interface StartRequest {
  viewer: User
  input: CompletionInput
  /** null if the client sent no idempotency key. */
  key: IdempotencyKey | null
  /** The place of the input in the client's document, such as `input`. */
  path: string
}

export interface Started {
  completion: Completion
  /** An earlier request with the same key started it. */
  replayed: boolean
}

/** Starts a completion, or finds the one that the key started before. Throws ChatError; then nothing was started. */
export type Start = (request: StartRequest) => Promise<Started>
