import { randomUUID } from 'node:crypto'
import { afterAll, expect, inject, onTestFinished, test } from 'vitest'
import { emptyPostgres } from '../harness/empty-database.ts'
import { contentsIn, createPerson, endOf, readTo } from '../harness/person.ts'
import { startProxy } from '../harness/proxy.ts'
import { startServer } from '../harness/server.ts'
import { chunks, delta, gate, silence, startScriptedUpstream } from '../harness/upstream.ts'

const upstream = await startScriptedUpstream()
afterAll(() => upstream.close())

// It has to be long enough for text to be shown on a busy machine after the cut, and another server waits for its end.
const leaseMs = '6000'

test.runIf(inject('postgres') !== null)(
  'a viewer who saw more than was stored, since the server was cut off from Postgres, is given what is stored before the end',
  async () => {
    const databaseUrl = (await emptyPostgres()).databaseUrl ?? ''
    const proxy = await startProxy(databaseUrl)
    onTestFinished(() => proxy.close())
    const settings = { OPENAI_BASE_URL: upstream.baseUrl, LEASE_MS: leaseMs }
    const cutOff = createPerson((await startServer({ ...settings, DATABASE_URL: proxy.url })).url, 'alice')
    const other = createPerson((await startServer({ ...settings, DATABASE_URL: databaseUrl })).url, 'alice')
    // On a busy machine, the first connections may take too long for whoever asks first.
    for (const person of [cutOff, other]) {
      await expect.poll(() => person.ask('Who?').then(({ completion }) => completion.status, String)).toBe('COMPLETED')
    }
    const more = gate()
    upstream.reply(...chunks('A mo'), more.wait, delta({ content: 'le' }), silence())
    const viewer = cutOff.start(randomUUID(), 'What digs?')
    const seen = await readTo('A mo', viewer)
    const elsewhere = other.watch(seen[0]?.completionId ?? '')
    const seenElsewhere = await readTo('A mo', elsewhere)

    const { completionId = '', cursor: after = '' } = seen.at(-1) ?? {}
    proxy.freeze()
    more.open()
    await readTo('A mole', viewer, seen)
    const shown = [...seen]
    seenElsewhere.push(...(await elsewhere.rest()))
    expect(contentsIn(seenElsewhere)).toEqual(['A mo'])

    // As a client does that subscribes again by itself, and keeps what it was shown.
    expect(contentsIn([...shown, ...(await other.watch(completionId, { after }).rest())])).toEqual(['A mo'])

    proxy.mend()
    seen.push(...(await viewer.rest()))
    expect(seen.slice(-2).map((event) => event.__typename)).toEqual(['CompletionSnapshot', 'CompletionEnded'])
    expect(contentsIn(seen)).toEqual(['A mo'])
    expect(endOf(seen)).toMatchObject({ error: { code: 'SERVER_LOST' }, choices: [{ message: { content: 'A mo' } }] })
    expect(endOf(seen).choices).toEqual(endOf(seenElsewhere).choices)
  },
)

test.runIf(inject('postgres') !== null)(
  'a server that is cut off from Postgres tells strangers so, and nothing of what its driver says',
  async () => {
    const proxy = await startProxy((await emptyPostgres()).databaseUrl ?? '')
    onTestFinished(() => proxy.close())
    const { url } = await startServer({ OPENAI_BASE_URL: upstream.baseUrl, DATABASE_URL: proxy.url })
    proxy.cut()
    const ask = async () => {
      const response = await fetch(`${url}/readyz`)
      return [response.status, await response.json()]
    }
    const database = 'the database cannot be reached, or does not answer'
    await expect.poll(ask).toEqual([503, { ok: false, checks: { database, migrations: 'ok', draining: 'ok' } }])
  },
)
