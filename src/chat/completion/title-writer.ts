import type { Bus } from '../../bus/bus.ts'
import type { Store } from '../../store/store.ts'
import type { TitleGrounds } from '../../store/title.ts'
import { UpstreamError } from '../../upstream/error.ts'
import type { Upstreams } from '../../upstream/upstream.ts'
import type { Log } from '../access/log.ts'
import { titleFrom, writtenTitle } from '../conversation/title.ts'

/** Gives each conversation without a title one, after its first complete answer. */
export interface TitleWriter {
  /**
   * Starts to write a title and returns at once. Failures are only logged: the title is then made of the first words of the
   * question, or there is none.
   */
  writeAfter(completionId: string): void
  /** Resolves when no title is being written any more. */
  stop(): Promise<void>
}

export interface TitleWriterOptions {
  store: Store
  upstreams: Upstreams
  bus: Bus
  log: Log
  /** The model that writes the titles. If null, a title is made of the first words of the question. */
  titleModel: string | null
}

const titleTimeoutMs = 20_000
/** How many characters of the question, and of the answer, the model gets to write a title. */
const maxGrounds = 1_000

/** How many characters of the model's output are read, its reasoning included. */
const maxWritten = 20_000

// Tried in this order. Reasoning models refuse the first, or reason for longer than it allows; some servers know neither name.
const titleParameters = [{ max_tokens: 24, temperature: 0.2 }, { max_completion_tokens: 1_024 }, {}]

const instruction =
  'Write a title of at most six words for the following conversation, in its language. Answer with the title only, without quotes.'

function isRefusal(error: unknown): boolean {
  return error instanceof UpstreamError && error.code === 'UPSTREAM_REFUSED'
}

export function createTitleWriter({ store, upstreams, bus, log, titleModel }: TitleWriterOptions): TitleWriter {
  const stopper = new AbortController()
  const running = new Set<Promise<void>>()

  // The index of the parameters that the model accepts.
  let accepted = 0

  async function written(model: string, grounds: TitleGrounds): Promise<string | null> {
    const signal = AbortSignal.any([stopper.signal, AbortSignal.timeout(titleTimeoutMs)])
    for (const [index, parameters] of titleParameters.entries()) {
      const title = index < accepted ? null : writtenTitle(await answerTo(grounds, model, parameters, signal))
      if (title === null) continue
      accepted = index
      return title
    }
    return null
  }

  /** Empty if the model refuses the parameters. */
  async function answerTo(
    { question, answer }: TitleGrounds,
    model: string,
    parameters: Record<string, unknown>,
    signal: AbortSignal,
  ): Promise<string> {
    const about = `${question?.slice(0, maxGrounds) ?? ''}\n\n${answer?.slice(0, maxGrounds) ?? ''}`
    const messages = [
      { role: 'system', content: instruction },
      { role: 'user', content: about },
    ]
    let text = ''
    const handlers = {
      signal,
      onAttempt() {},
      onResponse() {},
      onChunk({ choices }: { choices: readonly { index: number; content: string }[] }) {
        if (text.length < maxWritten) text += choices.find(({ index }) => index === 0)?.content ?? ''
      },
    }
    await upstreams.stream({ model, messages, parameters }, handlers).catch((error) => {
      if (!isRefusal(error)) throw error
    })
    return text
  }

  async function titleOf(grounds: TitleGrounds): Promise<string | null> {
    const words = grounds.question === null ? null : titleFrom(grounds.question.slice(0, maxGrounds))
    // The model is asked only after the first answer of a conversation, so at most once at all replicas together.
    if (titleModel === null || !grounds.isFirst) return words
    try {
      return (await written(titleModel, grounds)) ?? words
    } catch (error) {
      log.warn({ err: error }, 'the model could not write a title; the first words of the question are used')
      return words
    }
  }

  async function give(completionId: string) {
    try {
      const grounds = await store.titles.grounds(completionId)
      const title = grounds && (await titleOf(grounds))
      if (grounds === null || title === null) return
      // Stored before it is announced, so that a client that hears of it can read it.
      if (await store.titles.give(grounds.conversationId, title)) bus.publish('conversation', [grounds.conversationId])
    } catch (error) {
      log.warn({ err: error, completionId }, 'the title of a conversation could not be written')
    }
  }

  return {
    writeAfter(completionId) {
      if (stopper.signal.aborted) return
      const giving = give(completionId).finally(() => running.delete(giving))
      running.add(giving)
    },
    async stop() {
      stopper.abort()
      await Promise.all(running)
    },
  }
}
