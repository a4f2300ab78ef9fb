import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { Transform } from 'node:stream'
import pg from 'pg'
import { describe, expect, test, vi } from 'vitest'
import { topics } from '../../src/bus/bus.ts'
import { maxNoteBytes } from '../../src/bus/wake-up.ts'
import {
  closeAll,
  closeLater,
  connectionsTo,
  createBus,
  createLog,
  createPair,
  hears,
  listen,
  listenToNotes,
  newId,
  newNote,
  remoteKinds,
  serverUrl,
  waiting,
} from '../harness/bus.ts'
import { startProxy, withoutNotifications } from '../harness/proxy.ts'
import { within } from '../harness/within.ts'

describe.each(['memory', ...remoteKinds] as const)('the %s bus', (kind) => {
  test('tells both what one publishes, once', async () => {
    const [one, other] = await createPair(kind)
    const { heard: heardByOne } = listen(one, 'moved')
    const { heard: heardByOther } = listen(other, 'moved')
    const [first, last] = [newId(), newId()]
    one.publish('moved', [first])
    await vi.waitFor(() => expect(heardByOther).toContain(first), waiting)
    // By the time that it comes, so has whatever came back of the first.
    other.publish('moved', [last])
    await vi.waitFor(() => expect(heardByOne).toContain(last), waiting)
    expect(heardByOne).toEqual([first, last])
    expect(heardByOther).toEqual([first, last])
  })

  test('tells the replica that publishes without delay', async () => {
    const bus = closeLater(createBus(kind))
    const { heard } = listen(bus, 'stop')
    const ids = [newId(), newId()]
    bus.publish('stop', ids)
    expect(heard).toEqual(ids)
  })

  test('keeps the topics apart', async () => {
    const [one, other] = await createPair(kind)
    const heard = topics.map((topic) => listen(other, topic).heard)
    const ids = topics.map(() => newId())
    for (const [index, topic] of topics.entries()) one.publish(topic, ids.slice(index, index + 1))
    await vi.waitFor(() => expect(heard.flat()).toHaveLength(ids.length), waiting)
    expect(heard).toEqual(ids.map((id) => [id]))
  })

  test('tells nobody who has left', async () => {
    const [one, other] = await createPair(kind)
    const [before, after] = [newId(), newId()]
    const { heard: stayed } = listen(other, 'moved')
    const { heard: left, leave } = listen(other, 'moved')
    one.publish('moved', [before])
    await vi.waitFor(() => expect(left).toEqual([before]), waiting)
    leave()
    one.publish('moved', [after])
    await vi.waitFor(() => expect(stayed).toContain(after), waiting)
    expect(left).toEqual([before])
  })

  test('takes 10,000 ids at once', async () => {
    const [one, other] = await createPair(kind)
    const { heard } = listen(other, 'moved')
    const ids = Array.from({ length: 10_000 }, () => newId())
    one.publish('moved', ids)
    await vi.waitFor(() => expect(heard).toHaveLength(ids.length), waiting)
    expect(new Set(heard)).toEqual(new Set(ids))
  })

  test('carries notes of any bytes to the others alone, in their order, and says whose they are', async () => {
    const [one, other] = await createPair(kind)
    const { heard: wakeUps } = listen(other, 'moved')
    const [heardByOne, heardByOther] = [listenToNotes(one), listenToNotes(other)]
    const notes = [1, 41, maxNoteBytes].map(newNote)
    for (const note of notes) one.sendNote(note)
    const last = newId()
    one.publish('moved', [last])
    await vi.waitFor(() => expect(wakeUps).toContain(last), waiting)
    if (kind === 'memory') return expect([heardByOne, heardByOther]).toEqual([[], []])
    await vi.waitFor(() => expect(heardByOther).toHaveLength(notes.length), waiting)
    expect(heardByOne).toEqual([])
    expect(heardByOther.map(({ note }) => note)).toEqual(notes.map((note) => note.toString('latin1')))
    expect(new Set(heardByOther.map(({ origin }) => origin)).size).toBe(1)
  })

  test('loses nothing of what is published in quick succession, and just before it closes', async () => {
    const [one, other] = await createPair(kind)
    const { heard } = listen(other, 'moved')
    const ids = Array.from({ length: 1_000 }, () => newId())
    for (const id of ids) one.publish('moved', [id])
    await one.close()
    await vi.waitFor(() => expect(heard).toHaveLength(ids.length), waiting)
    expect(new Set(heard)).toEqual(new Set(ids))
  })
})

describe.each(remoteKinds)('the %s bus', (kind) => {
  async function viaProxy() {
    const proxy = closeLater(await startProxy(serverUrl(kind)))
    const log = createLog()
    const bus = closeLater(createBus(kind, proxy.url, log))
    const other = closeLater(createBus(kind))
    await hears(bus, other)
    await hears(other, bus)
    return { proxy, bus, other, said: log.said }
  }

  test('is heard again after the server cut its connections', async () => {
    const [one, other] = await createPair(kind)
    await connectionsTo(kind).cut()
    one.publish('moved', [newId()])
    await hears(one, other)
    await hears(other, one)
  })

  test('says once that it is down, however often it tries, and that it is back', async () => {
    const { proxy, bus, other, said } = await viaProxy()
    const { heard } = listen(bus, 'moved')
    proxy.cut()
    const tries = proxy.connections()
    await vi.waitFor(() => expect(proxy.connections()).toBeGreaterThanOrEqual(tries + 3), waiting)
    const whileDown = newId()
    bus.publish('moved', [whileDown])
    expect(heard).toEqual([whileDown])
    proxy.mend()
    await hears(bus, other)
    await hears(other, bus)
    expect(said.filter((message) => message.startsWith('the bus'))).toEqual([
      expect.stringMatching(/is down/),
      expect.stringMatching(/is back/),
    ])
  })

  test('leaves a server that answers no more', async () => {
    const { proxy, bus, other, said } = await viaProxy()
    proxy.freeze()
    bus.publish('moved', [newId()])
    await vi.waitFor(() => expect(said).toContainEqual(expect.stringMatching(/is down/)), waiting)
    proxy.mend()
    await hears(bus, other)
    await hears(other, bus)
  })

  test('leaves no connection behind', async () => {
    const bus = createBus(kind)
    await hears(bus, closeLater(createBus(kind)))
    await Promise.all([bus.close(), closeAll()])
    await vi.waitFor(async () => expect(await connectionsTo(kind).list()).toEqual([]), waiting)
  })

  test('closes while it connects to a server that does not answer', async () => {
    const silent = createServer().listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const url = new URL(serverUrl(kind))
    url.port = `${(silent.address() as AddressInfo).port}`
    const connected = once(silent, 'connection') as Promise<[Socket]>
    const bus = createBus(kind, url.href)
    const [socket] = await connected
    socket.resume().on('error', () => {})
    const left = once(socket, 'close')
    await within(1_000, bus.close())
    await left
    silent.close()
  })
})

describe.runIf(remoteKinds.includes('postgres'))('the postgres bus', () => {
  test('joins what is published in quick succession, since every NOTIFY locks the database', async () => {
    const [one, other] = await createPair('postgres')
    const client = new pg.Client(serverUrl('postgres'))
    closeLater({ close: () => client.end() })
    await client.connect()
    await client.query('LISTEN antiphon')
    let notifications = 0
    client.on('notification', ({ payload }) => {
      if (payload?.includes('stop')) notifications += 1
    })
    const { heard } = listen(other, 'stop')
    for (let count = 0; count < 300; count++) one.publish('stop', [newId()])
    await vi.waitFor(() => expect(heard).toHaveLength(300), waiting)
    await client.query('SELECT 1')
    expect(notifications).toBeLessThanOrEqual(2)
  })

  test('finds that LISTEN works', async () => {
    const log = createLog()
    closeLater(createBus('postgres', serverUrl('postgres'), log))
    await vi.waitFor(() => expect(log.said).toEqual(['LISTEN works']), waiting)
  })

  test('warns where a pooler swallows LISTEN', async () => {
    const pooler = closeLater(await startProxy(serverUrl('postgres'), withoutNotifications))
    const log = createLog()
    closeLater(createBus('postgres', pooler.url, log))
    await vi.waitFor(() => expect(log.said).toEqual([expect.stringMatching(/swallowed.*pooler.*REDIS_URL/s)]), waiting)
  })
})

describe.runIf(remoteKinds.includes('redis'))('the redis bus', () => {
  test('pings, so that its silence is not taken for a loss', async () => {
    let answers = ''
    const record = () =>
      new Transform({
        transform(chunk, _encoding, done) {
          answers += chunk
          done(null, chunk)
        },
      })
    const proxy = closeLater(await startProxy(serverUrl('redis'), record))
    closeLater(createBus('redis', proxy.url))
    await vi.waitFor(() => expect(answers.match(/PONG/g)?.length).toBeGreaterThanOrEqual(2), waiting)
    expect(proxy.connections()).toBe(2)
  })
})
