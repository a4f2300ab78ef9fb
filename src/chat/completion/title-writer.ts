import type { Bus } from '../../bus/bus.ts'
import type { Store } from '../../store/store.ts'
import type { TitleGrounds } from '../../store/title.ts'
import type { Upstreams } from '../../upstream/upstream.ts'
import type { Log } from '../access/log.ts'
import { titleFrom } from '../conversation/title.ts'

/** Gives conversations that have none a title, after their first whole answer. */
export interface TitleWriter {
  /** Nobody waits for it, and nobody is told where it fails: the first words stand in, or none do. */
  writeAfter(completionId: string): void
  /** Resolves when none is being given any more. */
  stop(): Promise<void>
}

export interface TitleWriterOptions {
  store: Store
  upstreams: Upstreams
  bus: Bus
  log: Log
  /** Writes the titles; null: the first words are one. */
  titleModel: string | null
}

const patienceMs = 20_000
/** What of the question and of the answer tells enough. */
const maxGrounds = 1_000

const instruction =
  'Insert a title of at most six words for the conversation that follows, in its language. Only the title, without quotes.'

export function createTitleWriter({ store, upstreams, bus, log, titleModel }: TitleWriterOptions): TitleWriter {
  const stopper = new AbortController()
  const running = new Set<Promise<void>>()

  async function written(model: string, { question, answer }: TitleGrounds): Promise<string | null> {
    const about = `${question?.slice(0, maxGrounds) ?? ''}\n\n${answer?.slice(0, maxGrounds) ?? ''}`
    const messages = [
      { role: 'system', content: instruction },
      { role: 'user', content: about },
    ]
    let text = ''
    const handlers = {
      signal: AbortSignal.any([stopper.signal, AbortSignal.timeout(patienceMs)]),
      onAttempt() {},
      onResponse() {},
      onChunk({ choices }: { choices: readonly { index: number; content: string }[] }) {
        if (text.length < maxGrounds) text += choices.find(({ index }) => index === 0)?.content ?? ''
      },
    }
    await upstreams.stream({ model, messages, parameters: { max_tokens: 24, temperature: 0.2 } }, handlers)
    return titleFrom(text)
  }

  async function titleOf(grounds: TitleGrounds): Promise<string | null> {
    const words = grounds.question === null ? null : titleFrom(grounds.question.slice(0, maxGrounds))
    // Once for a conversation, on whichever server: only after the first answer.
    if (titleModel === null || !grounds.isFirst) return words
    try {
      return (await written(titleModel, grounds)) ?? words
    } catch (error) {
      log.warn({ err: error }, 'a title could not be written; the first words are one')
      return words
    }
  }

  async function give(completionId: string) {
    try {
      const grounds = await store.titles.grounds(completionId)
      const title = grounds && (await titleOf(grounds))
      if (grounds === null || title === null) return
      // Stored before announced.
      if (await store.titles.give(grounds.conversationId, title)) bus.publish('conversation', [grounds.conversationId])
    } catch (error) {
      log.warn({ err: error, completionId }, 'a conversation could not be given a title')
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
