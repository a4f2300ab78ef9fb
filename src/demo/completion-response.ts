import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Answer } from './answer.ts'
import { errorBody, type WireError } from './error.ts'
import type { FinishReason, Piece } from './pieces.ts'
import type { createWire, Tally, WholeAnswer } from './wire.ts'

type Wire = ReturnType<typeof createWire>

/** Writes the pieces of the answers to the HTTP response as they are made. */
export interface CompletionResponse {
  open(answers: readonly Answer[]): void
  piece(index: number, piece: Piece): void
  finish(index: number, reason: FinishReason): void
  /** Resolves when the reader can take more. */
  ready(): Promise<void>
  end(tally: Tally): void
  /** Reports a failure in the middle of the answer, and ends. */
  fail(error: WireError): void
  cut(): void
}

export function createStreamResponse(
  response: ServerResponse,
  wire: Wire,
  wantsUsage: boolean,
  signal: AbortSignal,
): CompletionResponse {
  const send = (data: object) => response.write(`data: ${JSON.stringify(data)}\n\n`)
  return {
    open(answers) {
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' })
      for (const [index, answer] of answers.entries()) send(wire.opening(index, answer))
    },
    piece(index, piece) {
      if (piece.text !== '' || piece.logprobs.length > 0) send(wire.piece(index, piece))
    },
    finish: (index, reason) => void send(wire.closing(index, reason)),
    async ready() {
      if (response.writableNeedDrain) await once(response, 'drain', { signal })
    },
    end(tally) {
      if (wantsUsage) send(wire.usage(tally))
      response.end('data: [DONE]\n\n')
    },
    fail(error) {
      send(errorBody(error))
      response.end()
    },
    cut: () => void response.destroy(),
  }
}

export function createWholeResponse(response: ServerResponse, wire: Wire): CompletionResponse {
  let whole: WholeAnswer[] = []
  return {
    open(answers) {
      whole = answers.map(({ toolCall }) => ({ toolCall, pieces: [], finishReason: 'stop' }))
    },
    piece: (index, piece) => void whole[index]?.pieces.push(piece),
    finish(index, reason) {
      const answer = whole[index]
      if (answer) answer.finishReason = reason
    },
    ready: async () => {},
    end: (tally) => sendJson(response, 200, wire.whole(whole, tally)),
    fail: (error) => sendJson(response, error.status, errorBody(error)),
    cut: () => void response.destroy(),
  }
}

export function sendJson(response: ServerResponse, status: number, body: object) {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}
