import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'
import { type Answer, writeAnswers } from './answer.ts'
import { type CompletionResponse, createStreamResponse, createWholeResponse } from './completion-response.ts'
import { WireError } from './error.ts'
import { type Language, loadLanguage } from './language.ts'
import { contextWindowTokens, type DemoBehaviour, demoModels } from './models.ts'
import { type DemoRequest, parseRequest, textOf } from './request.ts'
import { createWire, type Tally } from './wire.ts'

const faultAfterTokens = 20
/** After this time without a pause, other work gets a turn. */
const turnMs = 10
/** The tokens that the chat format adds: for each message, for a name, at the start of the answer, and for each file. */
const overheadTokens = { message: 3, name: 1, answer: 3, file: 85 }

/** Answers a chat completion request, until the answer is complete or the signal aborts. */
export async function complete(body: string, response: ServerResponse, signal: AbortSignal): Promise<void> {
  const request = parseRequest(body)
  const behaviour = demoModels.get(request.model)
  if (!behaviour) {
    const message = `The model \`${request.model}\` does not exist or you do not have access to it.`
    throw new WireError(404, message, { code: 'model_not_found' })
  }
  if (behaviour.quirk === 'rate-limit') {
    const details = { type: 'requests', code: 'rate_limit_exceeded', headers: { 'retry-after': '1' } }
    throw new WireError(429, `Rate limit reached for ${request.model}. Please try again in 1s.`, details)
  }
  if (behaviour.quirk === 'server-error') throw serverError()

  const language = await loadLanguage()
  const promptTokens = await countPrompt(request, language)
  const wire = createWire(request)
  const wantsUsage = request.stream_options?.include_usage === true
  const output = request.stream
    ? createStreamResponse(response, wire, wantsUsage, signal)
    : createWholeResponse(response, wire)
  await deliver(writeAnswers(language, request, behaviour), behaviour, output, promptTokens, signal)
}

/** Sends the answers token by token, one token of each in turn, at the speed of the model. */
async function deliver(
  answers: readonly Answer[],
  { firstTokenMs, tokenMs, quirk }: DemoBehaviour,
  output: CompletionResponse,
  promptTokens: number,
  signal: AbortSignal,
) {
  const tally: Tally = { promptTokens, completionTokens: 0, reasoningTokens: 0 }
  const open = new Map(answers.entries())
  const rest = createPace(signal)
  await rest(firstTokenMs)
  output.open(answers)
  while (open.size > 0) {
    for (const [index, { pieces }] of open) {
      const next = pieces.next()
      if (next.done) {
        open.delete(index)
        output.finish(index, next.value)
      } else {
        output.piece(index, next.value)
        tally.completionTokens++
        if (next.value.part === 'reasoning') tally.reasoningTokens++
      }
      await rest([0, 0])
    }
    await output.ready()
    if (tally.completionTokens >= faultAfterTokens && (await breaksDown(quirk, output, signal))) return
    if (open.size > 0) await rest(tokenMs)
  }
  output.end(tally)
}

async function breaksDown(
  quirk: DemoBehaviour['quirk'],
  output: CompletionResponse,
  signal: AbortSignal,
): Promise<boolean> {
  if (quirk === 'cut') output.cut()
  else if (quirk === 'error') output.fail(serverError())
  else if (quirk === 'silent') await (signal.aborted || once(signal, 'abort'))
  else return false
  return true
}

/** Pauses for a random time between two bounds. If the time is 0, other work gets a turn from time to time. */
function createPace(signal: AbortSignal) {
  let turnBegan = performance.now()
  return async ([minMs, maxMs]: readonly [number, number]) => {
    const ms = minMs + Math.random() * (maxMs - minMs)
    if (ms > 0) await pause(ms, undefined, { signal })
    else if (performance.now() - turnBegan > turnMs) await nextTurn(undefined, { signal })
    else return
    turnBegan = performance.now()
  }
}

async function countPrompt({ messages, tools }: DemoRequest, { tokenizer }: Language): Promise<number> {
  let tokens = overheadTokens.answer + (tools?.length ? await tokenizer.count(JSON.stringify(tools)) : 0)
  for (const message of messages) {
    const files = typeof message.content === 'object' ? message.content?.filter(({ type }) => type !== 'text') : []
    const calls = message.tool_calls?.length ? JSON.stringify(message.tool_calls) : ''
    const text = `${message.role}${message.name ?? ''}${textOf(message)}${calls}`
    tokens += overheadTokens.message + (message.name ? overheadTokens.name : 0) + (await tokenizer.count(text))
    tokens += (files?.length ?? 0) * overheadTokens.file
  }
  if (tokens <= contextWindowTokens) return tokens
  throw new WireError(
    400,
    `This model's maximum context length is ${contextWindowTokens} tokens. However, your messages resulted in ${tokens} ` +
      'tokens. Please reduce the length of the messages.',
    { param: 'messages', code: 'context_length_exceeded' },
  )
}

function serverError(): WireError {
  return new WireError(500, 'The server had an error while processing your request.', { type: 'server_error' })
}
