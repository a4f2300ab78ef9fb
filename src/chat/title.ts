import type { Store } from '../store/store.ts'
import type { TitleGrounds } from '../store/title.ts'
import type { Bus } from '../stream/bus.ts'
import { storableJson } from '../stream/text.ts'
import type { Upstreams } from '../upstream/upstream.ts'
import type { Log } from './log.ts'

/** Gives conversations that have none a title, after their first whole answer. */
export interface Titles {
  /** Nobody waits for it, and nobody is told where it fails: the first words stand in, or none do. */
  giveAfter(completionId: string): void
  /** Resolves when none is being given any more. */
  stop(): Promise<void>
}

export interface TitlesOptions {
  store: Store
  upstreams: Upstreams
  bus: Bus
  log: Log
  /** Writes the titles; null: the first words are one. */
  titleModel: string | null
}

const maxCharacters = 80
const patienceMs = 20_000
/** What of the question and of the answer tells enough. */
const maxGrounds = 1_000

const instruction =
  'Write a title of at most six words for the conversation that follows, in its language. Only the title, without quotes.'

/** One line of at most 80 characters, cut between words where it can be; null where nothing is left. */
export function titleFrom(text: string): string | null {
  const line =
    storableJson(text)
      .trim()
      .split(/[\r\n]+/, 1)[0]
      ?.replace(/\s+/g, ' ') ?? ''
  const bare = withoutMarksAtEnd(line.replace(/^["'“”„«*#\s]+/u, ''))
  const characters = [...bare]
  if (characters.length <= maxCharacters) return bare === '' ? null : bare
  const cut = characters.slice(0, maxCharacters - 1).join('')
  const words = cut.slice(0, Math.max(cut.lastIndexOf(' '), 0)) || cut
  return `${words}…`
}

/** A loop and no regular expression, which would begin anew at each mark of a long run. */
function withoutMarksAtEnd(text: string): string {
  let end = text.length
  while (end > 0 && /["'“”»*\s]/u.test(text.charAt(end - 1))) end -= 1
  return text.slice(0, end)
}

export function createTitles({ store, upstreams, bus, log, titleModel }: TitlesOptions): Titles {
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
    giveAfter(completionId) {
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
