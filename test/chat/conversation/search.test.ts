import { afterAll, describe, expect, test } from 'vitest'
import { createPerson, type Person, says } from '../../harness/person.ts'
import { contentsFound, writerAt } from '../../harness/search.ts'
import { startServer } from '../../harness/server.ts'
import { chunks, done, finish, gate, startScriptedUpstream } from '../../harness/upstream.ts'

const upstream = await startScriptedUpstream()
const { url } = await startServer({ OPENAI_BASE_URL: upstream.baseUrl })
afterAll(() => upstream.close())

const newPerson = () => createPerson(url, `person-${crypto.randomUUID()}`)
const writer = (...contents: string[]) => writerAt(url, contents)

describe('a search', () => {
  test.each<[query: string, found: string[]]>([
    ['moles', ['A mole digs.', 'Moles do not swim.']],
    ['MOLE', ['A mole digs.', 'Moles do not swim.']],
    ['mole dig', ['A mole digs.']],
    ['"mole digs"', ['A mole digs.']],
    ['"digs mole"', []],
    ['mole -dig', ['Moles do not swim.']],
    ['swims or digging', ['A mole digs.', 'Moles do not swim.', 'The Who dig it.']],
    ['"the who"', ['The Who dig it.']],
    ['the', ['The Who dig it.']],
    ['badger', []],
  ])('for %j finds %j', async (query, found) => {
    const { person } = await writer('A mole digs.', 'Moles do not swim.', 'The Who dig it.')
    expect((await contentsFound(person, query)).sort()).toEqual(found)
  })

  test.each([
    ['привет', 'Он сказал: «Привет, мир».'],
    ['größe', 'Die GRÖSSE, oder Größe?'],
    ['naïve', '“Naïve”—as they say'],
    ['中文', '我在学习中文。'],
    ['"学习中文"', '我在学习中文。'],
    ['すき', 'わたしはねこがすきです'],
    ['สวัสดี', 'สวัสดีครับ'],
    ['नमस्ते', 'वह बोली: नमस्ते'],
    ['message', 'see src/store/message.ts'],
    ['message.ts', 'see src/store/message.ts'],
    ['bar', 'call foo.bar() or foo_bar'],
    ['example', 'write to someone@example.com, or see https://example.org/a?b=c'],
    ['gpt-4o', 'Ask GPT-4o.'],
    ['4o', 'Ask GPT-4o.'],
    ["don't", "I don't know"],
    ['3.14', 'π is 3.14'],
    ['see - bar', 'see bar'],
    ['see – - bar -', 'see bar'],
    ['see -- bar', 'see bar'],
    ['run --help', 'run bar --help'],
    ['bar -( run', 'run bar'],
  ])('for %j finds it in %j', async (query, content) => {
    const { person } = await writer(content, 'something else')
    expect(await contentsFound(person, query)).toEqual([content])
  })

  test.each(['NFC', 'NFD'] as const)(
    'in the normal form %s finds what is written in any, and marks it there',
    async (form) => {
      const contents = ['Une résumé naïve'.normalize('NFC'), 'Une résumé naïve'.normalize('NFD')]
      const { person } = await writer(...contents)
      const { edges } = await person.search('"résumé" -été'.normalize(form))
      expect(edges.map(({ node }) => node.content).sort()).toEqual(contents.sort())
      for (const { node, excerpt } of edges) {
        expect(excerpt.map(({ text }) => text).join('')).toBe(node.content)
        expect(excerpt[1]).toEqual({
          text: 'résumé'.normalize(node.content === contents[0] ? 'NFD' : 'NFC'),
          isMatch: true,
        })
      }
    },
  )

  test.each([
    ['文学', '我在学习中文。'],
    ['ts.message', 'see src/store/message.ts'],
    ['resume', 'My résumé'],
  ])('for %j does not find %j', async (query, content) => {
    const { person } = await writer(content)
    expect(await contentsFound(person, query)).toEqual([])
  })

  test('has the best first: where the words are close together, and often; of equals, the newest', async () => {
    const far = `A mole came by. ${'It said nothing of note. '.repeat(10)} Then it began to dig.`
    const { person } = await writer(far, 'Dig, mole!', 'Dig, mole! Moles dig, and dig.', 'Dig, mole!')
    const { edges } = await person.search('mole dig')
    expect(edges.map(({ node }) => node.content)).toEqual([
      'Dig, mole! Moles dig, and dig.',
      'Dig, mole!',
      'Dig, mole!',
      far,
    ])
    // Ids grow with time, but their letters in base64 do not.
    const [newer = '', older = ''] = edges.slice(1, 3).map(({ node }) => Buffer.from(node.id, 'base64url').toString())
    expect(newer > older).toBe(true)
    const scores = edges.map(({ score }) => score)
    expect(scores).toEqual([...scores].sort((a, b) => b - a))
    for (const score of scores) expect(score > 0 && score < 1).toBe(true)
  })

  test('looks into what was asked and answered, by whomever, once it stands there', async () => {
    const { wait, reached, open } = gate()
    upstream.reply(...chunks('A wombat'), wait, finish('stop'), done())
    const person = newPerson()
    const asked = await person.ask({
      messages: [says('Wombats are odd.', 'SYSTEM'), says('Which wombat digs?')],
      background: true,
    })
    await reached
    const question = ['Which wombat digs?', 'Wombats are odd.']
    expect((await contentsFound(person, 'wombat')).sort()).toEqual(question)
    open()
    await person.watch(asked.completion.id).rest()
    expect((await contentsFound(person, 'wombat')).sort()).toEqual(['A wombat', ...question])
  })

  test('in one conversation keeps to it', async () => {
    const { person, conversationId } = await writer('A mole here')
    const { id } = await person.converse()
    await person.write(id, 'A mole there')
    expect((await contentsFound(person, 'mole')).sort()).toEqual(['A mole here', 'A mole there'])
    expect(await contentsFound(person, 'mole', { conversationId })).toEqual(['A mole here'])
  })

  test('in more conversations than are looked into at once finds in each', async () => {
    const person = newPerson()
    for (let count = 0; count < 60; count++) {
      const { id } = await person.converse()
      await person.write(id, `The mole number ${count}`)
    }
    expect((await person.search('mole', { first: 200 })).edges).toHaveLength(60)
  })
})

describe('an excerpt', () => {
  async function excerptOf(content: string, query: string) {
    const { person } = await writer(content)
    const { edges } = await person.search(query)
    return edges[0]?.excerpt ?? []
  }

  test('is pieces of text, those that match marked', async () => {
    expect(await excerptOf('Moles <b>dig</b> "tunnels" & more; a mole.', 'mole dig')).toEqual([
      { text: 'Moles', isMatch: true },
      { text: ' <b>', isMatch: false },
      { text: 'dig', isMatch: true },
      { text: '</b> "tunnels" & more; a ', isMatch: false },
      { text: 'mole', isMatch: true },
      { text: '.', isMatch: false },
    ])
  })

  test('has what follows at once in one piece', async () => {
    expect(await excerptOf('我在学习中文。', '学习中文')).toEqual([
      { text: '我在', isMatch: false },
      { text: '学习中文', isMatch: true },
      { text: '。', isMatch: false },
    ])
  })

  test('is a short passage of a long message, to the character', async () => {
    const filler = 'Nothing of note was said.\n\tAt src/store/a.ts: so it goes. '.repeat(100)
    const content = `${filler}Then the wombat came. ${filler}`
    const pieces = await excerptOf(content, 'wombat')
    const passage = pieces.map(({ text }) => text).join('')
    expect(content).toContain(passage)
    expect(passage.length).toBeLessThan(400)
    expect(pieces.filter(({ isMatch }) => isMatch)).toEqual([{ text: 'wombat', isMatch: true }])
  })

  test.each(['StartSel=x', '\ue000mole\ue001', '$& $1', 'a\0b mole', '\u2028mole'])(
    'of %j has nothing that the message has not',
    async (more) => {
      const content = `A mole: ${more}`
      const pieces = await excerptOf(content, 'mole')
      expect(pieces.map(({ text }) => text).join('')).toBe(content.replace('\0', '\ufffd'))
    },
  )
})

describe('what a search is asked', () => {
  test.each([
    ['nothing', ''],
    ['blanks', ' \n\t '],
    ['operators', '!!&|():*<->'],
    ['quotes', `"'"'"''"`],
    ['a lonely minus', '- -'],
    ['what to leave out, alone', '-mole -"a b"'],
    ['either of nothing', 'or or OR'],
    ['NUL', '\0'],
    ['half a pair', '\ud83d'],
    ['emoji', '🐾🐾'],
    ['a separator', '\u001f'],
    ['T, as the database writes an empty query', "'T' & !T -T"],
    ['a cast', "'::tsquery"],
    ['backslashes', '\\ \\\\ \\u0000 %s $1'],
    ['minus signs', '-'.repeat(500)],
    ['brackets', '('.repeat(500)],
    ['an open quote', `"${'q '.repeat(249)}`],
    ['many words', 'q '.repeat(250)],
    ['many choices', 'q or '.repeat(100)],
    ['many characters', '学'.repeat(500)],
    ['many joints', '-q.'.repeat(166)],
    ['many exclusions', 'zebra -"a b" '.repeat(38)],
  ])('may be %s: that finds nothing, and breaks nothing', async (_, query) => {
    const { person } = await writer('A mole, 中文')
    expect(await contentsFound(person, query)).toEqual([])
  })

  test('takes 500 characters, and not one more', async () => {
    const { person } = await writer('A mole')
    await expect(person.search('a'.repeat(501))).rejects.toMatchObject({
      errors: [{ message: expect.stringContaining('query'), extensions: { code: 'BAD_USER_INPUT' } }],
    })
    await expect(person.search('a '.repeat(5_000))).rejects.toThrow('query')
  })

  test('is known by a message of any kind, which is stored whatever it holds', async () => {
    const { person, conversationId } = await writer('A mole')
    const words = Array.from({ length: 110_000 }, (_, index) => `x${index.toString(36)}`).join(' ')
    const hostile = {
      'more words than a vector holds': words,
      'one word': 'a'.repeat(700_000),
      'many signs': '-.'.repeat(300_000),
      'many characters': '学习中文'.repeat(50_000),
      'many quotes': `'"\\`.repeat(200_000),
      'many tags': '<a href="b">'.repeat(50_000),
      'many addresses': 'http://a.b/c?d=e@f.g '.repeat(30_000),
    }
    for (const content of Object.values(hostile)) await person.write(conversationId, `wombat ${content}`)
    const { edges } = await person.search('wombat')
    expect(edges.map(({ node }) => node.content?.length).sort()).toEqual(
      Object.values(hostile)
        .map((content) => content.length + 7)
        .sort(),
    )
    expect(await contentsFound(person, 'x1')).toEqual([`wombat ${words}`])
  })
})

describe('the pages of a search', () => {
  test('in any size are the whole, in its order', async () => {
    const { person } = await writer(...Array.from({ length: 9 }, (_, index) => `mole${' mole'.repeat(index % 3)}`))
    const whole = (await person.search('mole')).edges
    expect(whole).toHaveLength(9)
    for (const size of [1, 2, 4, 9, 200]) {
      const seen: typeof whole = []
      for (let after: string | null = null; ; ) {
        const page: Awaited<ReturnType<Person['search']>> = await person.search('mole', { first: size, after })
        expect(page.pageInfo.hasPreviousPage).toBe(after !== null)
        seen.push(...page.edges)
        after = page.pageInfo.endCursor
        if (!page.pageInfo.hasNextPage) break
      }
      expect(seen).toEqual(whole)
    }
  })

  test('may be empty', async () => {
    const { person } = await writer('A mole')
    expect(await person.search('mole', { first: 0 })).toMatchObject({ edges: [], pageInfo: { hasNextPage: true } })
  })

  test.each([
    [{ first: -1 }, 'first'],
    [{ first: 201 }, 'first'],
    [{ after: 'nonsense' }, 'after'],
    [{ after: '' }, 'after'],
  ])('do not take %j', async (page, named) => {
    const { person } = await writer('A mole')
    await expect(person.search('mole', page)).rejects.toMatchObject({
      errors: [{ message: expect.stringContaining(named), extensions: { code: 'BAD_USER_INPUT' } }],
    })
  })

  test("do not take another search's cursor, nor another list's", async () => {
    const { person, conversationId } = await writer('A mole and a vole')
    const cursorOf = async (query: string, more: object = {}) => (await person.search(query, more)).pageInfo.endCursor
    const cursors = [
      await cursorOf('vole'),
      await cursorOf('mole', { conversationId }),
      (await person.conversations()).pageInfo.endCursor,
      (await person.messages(conversationId)).pageInfo.endCursor,
    ]
    for (const after of cursors) await expect(person.search('mole', { after })).rejects.toThrow('after')
  })
})
