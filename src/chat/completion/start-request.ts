import type { Completion } from '../../store/completion.ts'
import type { IdempotencyKey } from '../access/idempotency-key.ts'
import type { User } from '../access/viewer.ts'
import type { CompletionInput } from '../prompt/completion-input.ts'

/** A question to the model, as one client asks it. */
export interface StartRequest {
  viewer: User
  input: CompletionInput
  /** null where the request may not be repeated. */
  key: IdempotencyKey | null
  /** Where the input stands in the client's document, such as `input`. */
  path: string
}

export interface Started {
  completion: Completion
  /** An earlier request with the same key started it. */
  replayed: boolean
}

/** Starts a completion, or finds the one that the key started before. Throws ChatError; nothing was done then. */
export type Start = (request: StartRequest) => Promise<Started>
