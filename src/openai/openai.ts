import type { User } from '../chat/access/viewer.ts'
import type { Chat } from '../chat/chat.ts'
import { type Answer, streamedAnswer, wholeAnswer } from './answer.ts'
import { type RequestHeaders, readCompletionRequest } from './completion-request.ts'
import { OpenaiError } from './error.ts'
import { wireModel } from './model.ts'
import { rateLimitHeaders } from './rate-limit.ts'
import { createStoredCompletionRequests, type StoredCompletionRequests } from './stored-completion.ts'

/** The requests of OpenAI's format. Each of them can reject with OpenaiError. */
export interface Openai {
  complete(viewer: User, body: unknown, headers: RequestHeaders, signal: AbortSignal): Promise<Answer>
  storedCompletions: StoredCompletionRequests
  models(viewer: User): Promise<object>
  model(viewer: User, id: string): Promise<object>
  /** The headers with the rate limits, for an answer or a refusal. */
  rateLimits(viewer: User): Promise<Record<string, string>>
}

export function createOpenai(chat: Chat): Openai {
  return {
    async complete(viewer, body, headers, signal) {
      const request = readCompletionRequest(body, headers)
      return request.isStream
        ? streamedAnswer(chat, viewer, request, signal)
        : wholeAnswer(chat, viewer, request, signal)
    },
    storedCompletions: createStoredCompletionRequests(chat),
    async models(viewer) {
      return { object: 'list', data: (await chat.models.list(viewer)).map(wireModel) }
    },
    async model(viewer, id) {
      const model = (await chat.models.list(viewer)).find((each) => each.id === id)
      if (model !== undefined) return wireModel(model)
      const message = `The model ${JSON.stringify(id.slice(0, 256))} is not offered here.`
      throw new OpenaiError(message, { status: 404, code: 'model_not_found', param: 'model' })
    },
    rateLimits: async (viewer) => rateLimitHeaders(await chat.limits.quota(viewer)),
  }
}
