import { expect, test } from 'vitest'
import { createPerson } from '../../harness/person.ts'
import { startServer } from '../../harness/server.ts'

const { url } = await startServer()
const alice = createPerson(url, 'alice')

/** A path of messages with one letter each, and the cursor of each. */
async function conversationOf(letters: string) {
  const { id } = await alice.converse()
  for (const letter of letters) await alice.write(id, letter)
  const { edges } = await alice.messages(id)
  const cursors = Object.fromEntries(edges.map(({ cursor, node }) => [node.content, cursor]))
  const ids = Object.fromEntries(edges.map(({ node }) => [node.content, node.id]))
  const page = async (input: object) => {
    const { edges, pageInfo } = await alice.messages(id, input)
    return [edges.map(({ node }) => node.content).join(''), pageInfo.hasPreviousPage, pageInfo.hasNextPage]
  }
  const erase = async (gone: string) => {
    for (const letter of gone) await alice.erase(ids[letter] ?? '')
  }
  return { id, ids, cursors, page, erase, write: (text: string, more?: object) => alice.write(id, text, more) }
}

const refused = (bound: string) => ({
  errors: [{ message: `${bound}: is not a cursor of this list`, extensions: { code: 'BAD_USER_INPUT' } }],
})

test('the last message, deleted, still marks its place, for whoever follows the end of the path', async () => {
  const { cursors, page, erase, write } = await conversationOf('abc')
  await erase('c')
  expect(await page({ first: 10, after: cursors['c'] })).toEqual(['', true, false])
  expect(await page({ last: 1, before: cursors['c'] })).toEqual(['b', true, false])
  await write('d')
  await write('e')
  expect(await page({ first: 10, after: cursors['c'] })).toEqual(['de', true, false])
  expect(await page({ first: 1, after: cursors['c'] })).toEqual(['d', true, true])
  expect(await page({ first: 10, before: cursors['c'] })).toEqual(['ab', false, true])
  expect(await page({ last: 1, before: cursors['c'] })).toEqual(['b', true, true])
  expect(await page({ after: cursors['a'], before: cursors['c'] })).toEqual(['b', true, true])
  expect(await page({ after: cursors['c'], before: cursors['c'] })).toEqual(['', true, true])
})

test.each(['dc', 'cd', 'cdb', 'bcd', 'dbc'])('so do several at the end, deleted as %s', async (gone) => {
  const { cursors, page, erase, write } = await conversationOf('abcd')
  await erase(gone)
  await write('e')
  const left = gone.includes('b') ? 'a' : 'ab'
  for (const letter of gone) {
    expect(await page({ after: cursors[letter] })).toEqual(['e', true, false])
    expect(await page({ before: cursors[letter] })).toEqual([left, false, true])
  }
})

test.each(['a', 'ba', 'ab'])('so does the root, and all of a path, deleted as %s', async (gone) => {
  const { cursors, page, erase, write } = await conversationOf([...gone].sort().join(''))
  await erase(gone)
  for (const letter of gone) {
    expect(await page({ after: cursors[letter] })).toEqual(['', false, false])
    expect(await page({ last: 5, before: cursors[letter] })).toEqual(['', false, false])
  }
  await write('x')
  for (const letter of gone) {
    expect(await page({ after: cursors[letter] })).toEqual(['x', false, false])
    expect(await page({ before: cursors[letter] })).toEqual(['', false, true])
  }
})

test('a deleted message that others are still below is on their paths alone', async () => {
  const { ids, cursors, page, erase, write } = await conversationOf('abcde')
  await erase('cd')
  await write('x', { parentId: ids['b'] })
  expect(await page({})).toEqual(['abx', false, false])
  for (const letter of 'cd') {
    expect(await page({ leafId: ids['e'], after: cursors[letter] })).toEqual(['e', true, false])
    expect(await page({ leafId: ids['e'], before: cursors[letter] })).toEqual(['ab', false, true])
    for (const bound of ['after', 'before']) {
      await expect(page({ [bound]: cursors[letter] })).rejects.toMatchObject(refused(bound))
    }
  }
  await erase('e')
  expect(await page({ after: cursors['d'] })).toEqual(['x', true, false])
  await erase('ba')
  expect(await page({ after: cursors['d'] })).toEqual(['x', false, false])
})

test.each(['after', 'before'])('for %s, what was deleted elsewhere is refused as what never was', async (bound) => {
  const here = await conversationOf('abc')
  const [there, empty] = [await conversationOf('abc'), await conversationOf('')]
  await there.erase('c')
  const root = await conversationOf('a')
  await root.erase('a')
  const branch = (await here.write('x', { parentId: here.ids['a'] })).createdMessage.id
  await here.write('y')
  await here.erase('c')
  const strangers = [there.cursors['c'], root.cursors['a'], crypto.randomUUID()]
  for (const [{ page }, leafId, cursor] of [
    ...strangers.flatMap((stranger) => [here, empty].map((list) => [list, undefined, stranger] as const)),
    // Its parent is on no path to there.
    [here, branch, here.cursors['c']],
    [here, undefined, here.cursors['b']],
  ] as const) {
    await expect(page({ ...(leafId && { leafId }), [bound]: cursor })).rejects.toMatchObject(refused(bound))
  }
  const deletedLeaf = here.page({ leafId: here.ids['c'], [bound]: here.cursors['c'] })
  await expect(deletedLeaf).rejects.toMatchObject({ errors: [{ extensions: { code: 'NOT_FOUND' } }] })
})
