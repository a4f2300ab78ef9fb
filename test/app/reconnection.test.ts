import { createClient } from 'graphql-ws'
import { afterAll, expect, inject, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { startApp } from '../../src/app.ts'
import { readSettings } from '../../src/config.ts'
import { type CompletionEvent, completionStream } from '../harness/completion-documents.ts'
import { emptyPostgres } from '../harness/empty-database.ts'
import { contentsIn, endOf, says } from '../harness/person.ts'
import { startProxy } from '../harness/proxy.ts'
import { serverDefaults, webSocketUrl } from '../harness/server-process.ts'
import { chunks, done, finish, gate, startScriptedUpstream, usage } from '../harness/upstream.ts'

const tryAgainLater = 1013
const upstream = await startScriptedUpstream()
afterAll(() => upstream.close())

/** Not waited for: it listens before it can serve. */
async function startBehindProxy({ isCut }: { isCut: boolean }) {
  const { databaseUrl } = await emptyPostgres()
  const proxy = await startProxy(databaseUrl)
  if (isCut) proxy.cut()
  const urls = { DATABASE_URL: proxy.url, OPENAI_BASE_URL: upstream.baseUrl }
  const app = await startApp(readSettings({ ...serverDefaults, ...urls }))
  onTestFinished(async () => {
    await app.close()
    await proxy.close()
  })
  return { app, proxy }
}

interface Watching {
  /** Called each time that the connection was closed, before the client connects again. */
  onClosed(code: number): Promise<void> | void
  /** Cuts the connection without a word where it is true. */
  leavesAt?(event: CompletionEvent): boolean
}

/** Starts an answer, as a client does that is left to itself, and reads it to its end. */
async function answerTo(question: string, url: string, { onClosed, leavesAt = () => false }: Watching) {
  const input = { start: { idempotencyKey: question, completion: { messages: [says(question)] } } }
  const events: CompletionEvent[] = []
  const closeCodes: number[] = []
  const client = createClient({
    url: webSocketUrl(url),
    webSocketImpl: WebSocket,
    retryAttempts: 100,
    retryWait: async () => onClosed(closeCodes.at(-1) ?? 0),
    on: { closed: (event) => closeCodes.push((event as CloseEvent).code) },
  })
  onTestFinished(() => void client.dispose())
  await new Promise<void>((complete, reject) => {
    const error = (reason: unknown) => reject(new Error(JSON.stringify(reason)))
    const payload = { query: completionStream, variables: { input } }
    client.subscribe<{ completionStream: CompletionEvent }>(payload, {
      next({ data, errors }) {
        if (!data) return error(errors)
        events.push(data.completionStream)
        if (leavesAt(data.completionStream)) client.terminate()
      },
      error,
      complete,
    })
  })
  return { closeCodes, events }
}

if (inject('postgres') !== null) {
  test('a client that connects while the server starts comes back by itself, and has the whole answer', async () => {
    const { app, proxy } = await startBehindProxy({ isCut: true })
    const { events, closeCodes } = await answerTo('What digs?', app.url, {
      async onClosed() {
        proxy.mend()
        await app.ready
      },
    })
    expect(closeCodes[0]).toBe(tryAgainLater)
    expect(contentsIn(events)).toEqual(['Hello world'])
    expect(endOf(events)).toMatchObject({ status: 'COMPLETED' })
  })

  test('a client that lost its answer and comes back while Postgres is away has the whole answer when it is there again', async () => {
    const { app, proxy } = await startBehindProxy({ isCut: false })
    await app.ready
    const { wait, open } = gate()
    upstream.reply(...chunks('A mo'), wait, ...chunks('le'), finish('stop'), usage(1, 2), done())
    const { events, closeCodes } = await answerTo('What flies?', app.url, {
      leavesAt(event) {
        if (!contentsIn([event]).includes('A mo')) return false
        proxy.cut()
        return true
      },
      onClosed(code) {
        if (code !== tryAgainLater) return
        proxy.mend()
        open()
      },
    })
    expect(closeCodes[1]).toBe(tryAgainLater)
    expect(contentsIn(events)).toEqual(['A mole'])
    expect(endOf(events)).toMatchObject({ status: 'COMPLETED' })
  })
}
