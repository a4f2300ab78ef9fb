import { randomBytes } from 'node:crypto'
import type { Answer } from './answer.ts'
import { demoModels } from './models.ts'
import type { ContentLogprob, FinishReason, Piece } from './pieces.ts'
import type { DemoRequest } from './request.ts'

export interface Tally {
  promptTokens: number
  completionTokens: number
  reasoningTokens: number
}

const systemFingerprint = 'fp_antiphon_demo_1'

/** Makes the objects of OpenAI's format for one request. */
export function createWire(request: DemoRequest) {
  const envelope = {
    id: `chatcmpl-${randomBytes(15).toString('hex')}`,
    created: Math.floor(Date.now() / 1000),
    model: request.model,
    service_tier: 'default',
    system_fingerprint: systemFingerprint,
  }
  const withLogprobs = (logprobs: ContentLogprob[]) => {
    return request.logprobs ? { content: logprobs, refusal: null } : null
  }
  const usageSlot = request.stream_options?.include_usage ? { usage: null } : {}

  function chunk(index: number, delta: object, finishReason: FinishReason | null, logprobs: object | null = null) {
    const choices = [{ index, delta, logprobs, finish_reason: finishReason }]
    return { ...envelope, object: 'chat.completion.chunk', choices, ...usageSlot }
  }

  return {
    opening(index: number, { toolCall }: Answer) {
      const call = toolCall && { id: toolCall.id, type: 'function', function: { name: toolCall.name, arguments: '' } }
      const said = call ? { content: null, tool_calls: [{ index: 0, ...call }] } : { content: '' }
      return chunk(index, { role: 'assistant', ...said, refusal: null }, null)
    },
    piece(index: number, { part, text, logprobs }: Piece) {
      if (part === 'reasoning') return chunk(index, { reasoning_content: text }, null)
      if (part === 'content') return chunk(index, { content: text }, null, withLogprobs(logprobs))
      return chunk(index, { tool_calls: [{ index: 0, function: { arguments: text } }] }, null)
    },
    closing: (index: number, finishReason: FinishReason) => chunk(index, {}, finishReason),
    usage: (tally: Tally) => ({ ...envelope, object: 'chat.completion.chunk', choices: [], usage: usageOf(tally) }),
    whole(answers: readonly WholeAnswer[], tally: Tally) {
      const choices = answers.map((answer, index) => {
        const { content, logprobs } = joined(answer.pieces)
        const message = messageOf(answer, content)
        return { index, message, logprobs: withLogprobs(logprobs), finish_reason: answer.finishReason }
      })
      return { ...envelope, object: 'chat.completion', choices, usage: usageOf(tally) }
    },
  }
}

export interface WholeAnswer {
  toolCall: Answer['toolCall']
  pieces: Piece[]
  finishReason: FinishReason
}

export function modelList() {
  return { object: 'list', data: [...demoModels.keys()].map(modelCard) }
}

export function modelCard(id: string) {
  return { id, object: 'model', created: 1_735_689_600, owned_by: 'antiphon' }
}

function messageOf({ toolCall, pieces }: WholeAnswer, content: string) {
  const textOf = (part: Piece['part']) => pieces.map((piece) => (piece.part === part ? piece.text : '')).join('')
  const reasoning = textOf('reasoning')
  const call = toolCall && { name: toolCall.name, arguments: textOf('arguments') }
  return {
    role: 'assistant',
    content: call ? null : content,
    refusal: null,
    annotations: [],
    ...(reasoning && { reasoning_content: reasoning }),
    ...(call && { tool_calls: [{ id: toolCall.id, type: 'function', function: call }] }),
  }
}

function joined(pieces: readonly Piece[]) {
  const spoken = pieces.filter(({ part }) => part === 'content')
  return { content: spoken.map(({ text }) => text).join(''), logprobs: spoken.flatMap(({ logprobs }) => logprobs) }
}

function usageOf({ promptTokens, completionTokens, reasoningTokens }: Tally) {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: reasoningTokens,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  }
}
