import { appendFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readSettings } from '../../src/config.ts'
import { openDatabase } from '../../src/database/database.ts'
import { contentsIn, createPerson, endOf, readTo, threadOf } from '../harness/person.ts'
import { freshDatabase, spawnServer, startServer } from '../harness/server.ts'
import { chunks, done, finish, gate, startScriptedUpstream } from '../harness/upstream.ts'

const upstream = await startScriptedUpstream()
afterAll(() => upstream.close())

/** A server beside its embedded database, and alice, whose answer stands at `A mo` when she has asked. */
async function serverWithFiles() {
  const database = await freshDatabase()
  const settings = { OPENAI_BASE_URL: upstream.baseUrl, ...database }
  const server = await spawnServer({ ...settings, LOG_LEVEL: 'warn' })
  const alice = createPerson(server.url, 'alice')
  const hold = gate()
  upstream.reply(...chunks('A mo'), hold.wait, ...chunks('le ', 'digs.'), finish('stop'), done())
  const ask = () => alice.start('a key', 'What digs?')
  const folder = join(String(database['DATA_DIR']), 'answers')
  const restart = async () => createPerson((await startServer(settings)).url, 'alice')
  return { server, alice, ask, folder, database, goOn: hold.open, restart }
}

test('what is kept of an answer beside the embedded database goes with its end', async () => {
  const { ask, folder, goOn } = await serverWithFiles()
  const viewer = ask()
  await readTo('A mo', viewer)
  expect(await readdir(folder)).toHaveLength(1)
  goOn()
  expect(endOf(await viewer.rest())).toMatchObject({ status: 'COMPLETED' })
  await expect.poll(() => readdir(folder)).toEqual([])
})

test('what was being written when the server was killed costs nothing of what was written before', async () => {
  const { server, ask, folder, restart } = await serverWithFiles()
  const viewer = ask()
  const seen = await readTo('A mo', viewer)
  await server.kill('SIGKILL')
  await expect(viewer.rest()).rejects.toThrow()
  const [file = ''] = await readdir(folder)
  await appendFile(join(folder, file), '\n[99,[{"index":0,"cont')

  const alice = await restart()
  const end = endOf(await alice.watch(seen[0]?.completionId ?? '').rest())
  expect(end).toMatchObject({ status: 'INTERRUPTED', choices: [{ message: { content: 'A mo' } }] })
  await expect.poll(() => readdir(folder)).toEqual([])
})

test('where it cannot be written the viewers wait, and get all of it once it can', async () => {
  const { server, alice, ask, folder, goOn } = await serverWithFiles()
  const away = `${folder}.away`
  await rename(folder, away)
  const viewer = ask()
  const { value: opening } = await viewer.next()
  const id = opening?.completionId ?? ''
  await expect.poll(server.output).toContain('the answer log could not be written')
  expect((await alice.completion(id))?.choices).toMatchObject([{ message: { content: null, status: 'STREAMING' } }])
  await rename(away, folder)
  const seen = await readTo('A mo', viewer)
  expect(await readdir(folder)).toHaveLength(1)
  goOn()
  const rest = await viewer.rest()
  expect(contentsIn([...seen, ...rest])).toEqual(['A mole digs.'])
  expect(await threadOf(alice, endOf(rest).conversation?.id ?? '')).toEqual(['What digs?', 'A mole digs.'])
})

test('an answer that ends while it cannot be written leaves nothing, once it can', async () => {
  const { server, ask, folder, goOn } = await serverWithFiles()
  const away = `${folder}.away`
  await rename(folder, away)
  const viewer = ask()
  await expect.poll(server.output).toContain('the answer log could not be written')
  goOn()
  expect(contentsIn(await viewer.rest())).toEqual(['A mole digs.'])
  await rename(away, folder)
  // Whoever asks next is behind all that waited to be written.
  expect(endOf(await createPerson(server.url, 'bob').start('another', 'And?').rest())).toMatchObject({
    status: 'COMPLETED',
  })
  await expect.poll(() => readdir(folder)).toEqual([])
})

test('text that a server of an older version had logged in the database is there at the next start', async () => {
  const { server, ask, folder, database, restart } = await serverWithFiles()
  const viewer = ask()
  const { completionId } = (await readTo('A mo', viewer))[0] ?? { completionId: '' }
  await server.kill('SIGKILL')
  await expect(viewer.rest()).rejects.toThrow()
  const [id = ''] = await readdir(folder)
  await rm(join(folder, id))
  const { query, close } = await openDatabase(readSettings(database))
  const delta = [
    { index: 0, content: 'A mo', refusal: '', reasoning: '', toolCalls: [], logprobs: null, finishReason: null },
  ]
  await query('INSERT INTO answer_log (completion_id, sequence, delta) VALUES ($1, 1, $2)', [id, JSON.stringify(delta)])
  await close()

  const after = await restart()
  expect(endOf(await after.watch(completionId).rest())).toMatchObject({ choices: [{ message: { content: 'A mo' } }] })
})

test('a DATA_DIR that cannot be one stops the start with one line', async () => {
  const { DATA_DIR } = await freshDatabase()
  const file = `${DATA_DIR}.file`
  await writeFile(file, '')
  await expect(spawnServer({ DATA_DIR: file })).rejects.toThrow(
    /exited with 1: antiphon: DATA_DIR: EEXIST: .*\.file'\n$/,
  )
})
