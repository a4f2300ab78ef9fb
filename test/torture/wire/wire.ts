import { UpstreamError } from '../../../src/upstream/error.ts'
import { createUpstreams, type Upstreams } from '../../../src/upstream/upstream.ts'
import { defaultTimeouts, plainUpstream } from '../../../src/upstream/upstreams-file.ts'
import { type Step, startScriptedUpstream } from '../../harness/upstream.ts'
import { createDice, type Dice } from '../dice.ts'
import type { Report, Torture } from '../ground.ts'
import { type WireCase, type WireResult, wireCases } from './cases.ts'
import { meaningOf } from './oracle.ts'

export interface WireEffort {
  /** of the cases; each comes in all eight ways to cut it */
  cases: number
  randomCuts: number
  damaged: number
}

interface Sending {
  body: Uint8Array
  sizes: number[]
  choices: number
}

type Ask = (sending: Sending) => Promise<WireResult & { endings: number }>

const atOnce = 16
const maxGrownBytes = 200e6

/** Sizes of the pieces; the last one goes on. */
const ways: ((body: Uint8Array, dice: Dice) => number[])[] = [
  () => [],
  () => [1],
  () => [2],
  () => [3],
  () => [7],
  (body) => [Math.max(1, body.length >> 1)],
  (body) => sizesBetween(body, (byte) => byte === 0x0a || byte === 0x0d),
  randomSizes,
]

function sizesBetween(body: Uint8Array, isEnd: (byte: number) => boolean): number[] {
  const ends = [...body.keys()].filter((at) => isEnd(body[at] ?? 0)).map((at) => at + 1)
  return [...ends, body.length].map((end, index) => end - (ends[index - 1] ?? 0)).filter((size) => size > 0)
}

function randomSizes(body: Uint8Array, dice: Dice): number[] {
  return Array.from({ length: dice.whole(1, 12) }, () => dice.whole(1, Math.max(1, body.length >> 2)))
}

/** Flips, takes away, adds, doubles or cuts off. */
function damage(body: Uint8Array, dice: Dice): Uint8Array {
  const at = dice.whole(0, body.length)
  const end = Math.min(body.length, at + dice.whole(1, 12))
  const odd = Buffer.from(dice.pick(['\n', '\r', '\n\n', '{', '}', '"', ':', ',', '\0', 'd', ' ', '[DONE]', 'data: ']))
  const [before, piece, after] = [body.subarray(0, at), body.subarray(at, end), body.subarray(end)]
  const kind = dice.pick(['flip', 'take', 'add', 'double', 'cut'])
  if (kind === 'flip') return Buffer.concat([before, piece.map((byte) => byte ^ (1 << dice.whole(0, 7))), after])
  if (kind === 'take') return Buffer.concat([before, after])
  if (kind === 'add') return Buffer.concat([before, odd, piece, after])
  return kind === 'double' ? Buffer.concat([before, piece, piece, after]) : before
}

function asking(upstreams: Upstreams, sendings: Map<string, Sending>): Ask {
  let count = 0
  return async (sending) => {
    const id = `${count++}`
    sendings.set(id, sending)
    const { choices } = sending
    const contents = Array<string>(choices).fill('')
    const reasonings = [...contents]
    const calls: string[] = []
    const result = {
      contents,
      reasonings,
      calls,
      code: null as string | null,
      totalTokens: null as number | null,
      endings: 0,
    }
    const request = { model: 'scripted', messages: [{ role: 'user', content: id }], parameters: { n: choices } }
    const handlers = {
      signal: new AbortController().signal,
      onAttempt: () => void result.endings++,
      onResponse() {},
      onChunk(chunk: Parameters<Parameters<Upstreams['stream']>[1]['onChunk']>[0]) {
        result.totalTokens = chunk.usage?.totalTokens ?? result.totalTokens
        for (const { index, content, reasoning, toolCalls } of chunk.choices) {
          contents[index] += content
          reasonings[index] += reasoning
          for (const call of toolCalls)
            calls[call.index] = `${calls[call.index] ?? ''}${call.name ?? ''}${call.arguments}`
        }
      },
    }
    try {
      await upstreams.stream(request, handlers)
    } catch (error) {
      result.code = error instanceof UpstreamError ? error.code : String(error)
    }
    sendings.delete(id)
    return result
  }
}

/** Each piece is an HTTP chunk, and the client reads each by itself, also where several come in one packet. */
function inPieces({ body, sizes }: Sending): Step {
  return ({ response }) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (let [from, piece] = [0, 0]; from < body.length; piece++) {
      const size = sizes[Math.min(piece, sizes.length - 1)] ?? body.length
      response.write(body.subarray(from, from + size))
      from += size
    }
  }
}

/** So many at once as a small machine has use for. */
async function inTurns(count: number, each: (index: number) => Promise<void>) {
  let next = 0
  const turn = async () => {
    while (next < count) await each(next++)
  }
  await Promise.all(Array.from({ length: atOnce }, turn))
}

/** Answers in all forms, cut and damaged in all ways, mean what they mean, and each has exactly one ending. */
export async function wire({ seed }: Torture, { cases: most, randomCuts, damaged }: WireEffort): Promise<Report> {
  const dice = createDice(seed)
  const server = await startScriptedUpstream()
  const sendings = new Map<string, Sending>()
  const settings = {
    ...plainUpstream,
    name: 'scripted',
    baseUrl: server.baseUrl,
    apiKey: null,
    timeouts: defaultTimeouts,
  }
  const upstreams = createUpstreams([settings], { proxy: null, answerBytes: 8 * 1024 * 1024 })
  server.replyAlways(({ body }) => {
    server.requests.length = 0
    const [message] = body['messages'] as { content: string }[]
    const sending = sendings.get(message?.content ?? '')
    return sending ? [inPieces(sending)] : []
  })
  const ask = asking(upstreams, sendings)
  const cases = wireCases().slice(0, most)
  const faults: string[] = []
  const usedBytes = process.memoryUsage().heapUsed

  async function check(name: string, sending: Sending, expected: Partial<WireResult>) {
    const { endings, ...got } = await ask(sending)
    const wrong = Object.entries(expected).filter(
      ([key, value]) => JSON.stringify(value) !== JSON.stringify(got[key as keyof WireResult]),
    )
    if (endings === 1 && wrong.length === 0) return
    const found = wrong.map(
      ([key, value]) => `${key} ${JSON.stringify(got[key as keyof WireResult])}, not ${JSON.stringify(value)}`,
    )
    const bytes = Buffer.from(sending.body).toString('base64')
    faults.push(`${name}: ${endings} endings; ${found.join('; ')}; sizes ${sending.sizes.join()} of ${bytes}`)
  }

  const sendingOf = ({ body, choices }: WireCase, way: (typeof ways)[number]): Sending => {
    const bytes = Buffer.from(body)
    return { body: bytes, sizes: way(bytes, dice), choices }
  }
  // What damage makes of tool calls, parts and reasoning is not the oracle's.
  const texts = cases.filter(({ name }) => /^(text|two choices|nothing) /.test(name))

  try {
    await inTurns(cases.length * ways.length, async (index) => {
      const [one, way] = [cases[Math.floor(index / ways.length)], ways[index % ways.length]]
      if (one && way) await check(`${one.name}, way ${index % ways.length}`, sendingOf(one, way), one.expected)
    })
    await inTurns(randomCuts, async () => {
      const one = dice.pick(cases)
      await check(`${one.name}, cut at random`, sendingOf(one, randomSizes), one.expected)
    })
    await inTurns(damaged, async () => {
      const { name, body, choices } = dice.pick(texts)
      const bytes = damage(Buffer.from(body), dice)
      const sizes = randomSizes(bytes, dice)
      await check(`${name}, damaged`, { body: bytes, sizes, choices }, meaningOf(bytes, choices))
    })
  } finally {
    await upstreams.close()
    await server.close()
  }
  const grownBytes = process.memoryUsage().heapUsed - usedBytes
  if (grownBytes > maxGrownBytes) faults.push(`the heap has grown by ${Math.round(grownBytes / 1e6)} MB`)
  const done = `${cases.length} cases in ${ways.length} ways, ${randomCuts} random cuts, ${damaged} damaged streams`
  return { figure: `seed ${seed}: wire: ${done}, ${faults.length} faults`, faults, log: '' }
}
