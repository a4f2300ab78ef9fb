import { v7 as uuid } from 'uuid'
import { readSettings } from '../../src/config.ts'
import { openDatabase } from '../../src/database/database.ts'
import type { Environment } from './server-process.ts'

export interface PastCompletion {
  /** The requester's id in the form that clients get. */
  requester: string
  /** The time of the request. */
  at: string
  conversation?: string
  model?: string
  promptTokens?: number
  costMicros?: number | null
  source?: 'PROVIDER' | 'ESTIMATED' | 'NONE'
}

const storedId = (id: string) => Buffer.from(id, 'base64url').toString().split(':')[1]

/** Stores completions of other days, which have ended, in a database that no server has open. */
export async function storePastCompletions(settings: Environment, completions: readonly PastCompletion[]) {
  const rows = completions.map(({ requester, at, conversation, ...rest }) => ({
    id: uuid(),
    requester_id: storedId(requester),
    conversation_id: conversation === undefined ? null : storedId(conversation),
    stored: true,
    status: 'COMPLETED',
    cancel_when_unwatched: false,
    model: rest.model ?? 'scripted',
    parameters: {},
    context: { strategy: 'FULL', promptTokens: 0, limit: null, omittedCount: 0, messagesCount: 0 },
    context_message_ids: [],
    question_ids: [],
    metadata: [],
    attempts: [],
    prompt_tokens: rest.promptTokens ?? 10,
    completion_tokens: 1,
    total_tokens: (rest.promptTokens ?? 10) + 1,
    cached_tokens: 0,
    reasoning_tokens: 0,
    cost_micros: rest.costMicros ?? null,
    usage_source: rest.source ?? 'PROVIDER',
    created_at: at,
    finished_at: at,
  }))
  const database = await openDatabase(readSettings(settings))
  await database.query('INSERT INTO completions SELECT * FROM json_populate_recordset(null::completions, $1::json)', [
    JSON.stringify(rows),
  ])
  await database.close()
}
