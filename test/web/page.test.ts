import { type Browser, type BrowserContext, chromium, type Page, type WebSocketRoute } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { createPerson, rolesIn } from '../harness/person.ts'
import { announceTyping, openConversation } from '../harness/presence.ts'
import { findProgram } from '../harness/program.ts'
import { type Server, startServer } from '../harness/server.ts'
import { delta, every, startScriptedUpstream } from '../harness/upstream.ts'

const executablePath = findProgram('chromium')
// Where everything is required, a missing browser fails the tests instead.
const isSkipped = executablePath === null && process.env['REQUIRE_SERVICES'] !== '1'
const title = isSkipped ? 'the page (skipped: chromium is not installed)' : 'the page'

/** To the browser, a server that is neither on this machine nor on https. */
const elsewhere = 'antiphon.example'

/** What is between the page and its server, and can be cut until it is mended. */
async function breakableLine(page: Page) {
  let socket: WebSocketRoute | null = null
  let mended = Promise.resolve()
  await page.routeWebSocket('**/graphql', async (opened) => {
    await mended
    socket = opened
    opened.connectToServer()
  })
  return {
    async cut() {
      let mend = () => {}
      mended = new Promise((resolve) => {
        mend = resolve
      })
      await socket?.close({ code: 1012 })
      return mend
    },
  }
}

describe.skipIf(isSkipped)(title, () => {
  let browser: Browser
  let server: Server
  let context: BrowserContext
  let page: Page

  beforeAll(async () => {
    server = await startServer()
    browser = await chromium.launch({
      executablePath: executablePath ?? 'chromium',
      // Chromium has no sandbox for root, whom containers run as.
      args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), `--host-resolver-rules=MAP ${elsewhere} 127.0.0.1`],
    })
  })
  afterAll(() => browser?.close())
  beforeEach(async () => {
    context = await browser.newContext()
    page = await context.newPage()
  })
  afterEach(() => context.close())

  async function open(name: string, path = '/') {
    await page.addInitScript((name) => localStorage.setItem('antiphon.name', name), name)
    await page.goto(server.url + path)
  }

  async function ask(question: string, model = 'demo-fast') {
    await page.getByLabel('Model').selectOption(model)
    await page.getByLabel('Your question').fill(question)
    await page.getByLabel('Your question').press('Enter')
  }

  const answer = () => page.getByLabel('Answer').last()
  const hasEnded = () => answer().locator('.cost').waitFor()
  const isWriting = () => page.getByText('Writing').waitFor()

  it('shows an answer, and has it again after a reload, in the list and under its address', async () => {
    await open('ann')
    await ask('How do I start Antiphon?')
    await hasEnded()
    const shown = await answer().innerText()
    expect(shown).toMatch(/demo model/i)
    await page.getByRole('link', { name: 'How do I start Antiphon?' }).waitFor()

    await page.reload()
    await hasEnded()
    expect(await answer().innerText()).toBe(shown)
  })

  it('says that a question is too long before it is sent, and sends a shorter one', async () => {
    await open('lea')
    // Six bytes each, as JSON has them.
    await page.getByLabel('Your question').fill('\u0001'.repeat(170_000))
    await page.getByText('This question is too long to be sent').waitFor()
    await page.getByLabel('Your question').press('Enter')
    expect(await page.getByRole('button', { name: 'Ask' }).isDisabled()).toBe(true)
    await ask('How do I start Antiphon?')
    await hasEnded()
  })

  it('stops an answer, keeps what was written, and says so', async () => {
    await open('ben')
    await ask('Tell me about cursors', 'demo-slow')
    await isWriting()
    await page.getByRole('button', { name: 'Stop' }).click()
    await answer().getByText('Stopped. What was written so far is kept.').waitFor()
    const shown = await answer().innerText()

    await page.reload()
    await hasEnded()
    expect(await answer().innerText()).toBe(shown)
  })

  it('goes on after a lost connection and after a reload, without a doubled word', async () => {
    const line = await breakableLine(page)
    const upstream = await startScriptedUpstream()
    onTestFinished(() => upstream.close())
    let last = 0
    upstream.replyAlways(() => [every(50, (wire) => delta({ content: ` ${++last}` })(wire))])
    const countsOn = () =>
      answer()
        .getByText(` ${last + 3} `)
        .waitFor()
    async function loseConnection() {
      const mend = await line.cut()
      await page.getByText('The connection to the server is lost').waitFor()
      mend()
      await page.getByText('The connection to the server is lost').waitFor({ state: 'hidden' })
    }
    const { url } = await startServer({ OPENAI_BASE_URL: upstream.baseUrl })
    await page.goto(url)
    await ask('Count', 'test-model')
    await countsOn()
    await loseConnection()
    await countsOn()
    await page.reload()
    await countsOn()
    await loseConnection()
    await countsOn()
    await page.getByRole('button', { name: 'Stop' }).click()
    await hasEnded()
    const shown = await answer().innerText()
    const numbers = shown.split('\n')[0]?.split(' ').map(Number) ?? []
    expect(numbers).toEqual(Array.from(numbers, (_, index) => index + 1))

    await page.reload()
    await hasEnded()
    expect(await answer().innerText()).toBe(shown)
    expect(await page.getByLabel('Answer').count()).toBe(1)
  })

  it('says why an answer was cut off, and asks again in its place', async () => {
    await open('dan')
    await ask('What is Antiphon?', 'demo-cut')
    await answer().getByText('The answer was cut off.').waitFor()
    await page.getByLabel('Model').selectOption('demo-fast')
    await page.getByRole('button', { name: 'Try again' }).click()
    await answer().getByText('demo-fast').waitFor()
    expect(await page.getByText('The answer was cut off.').count()).toBe(0)
    expect(await page.getByLabel('Answer').count()).toBe(1)
    expect(await page.getByLabel(/^Question/).count()).toBe(1)
  })

  it('renames a conversation, and deletes it once that is confirmed', async () => {
    await open('eve')
    await ask('Hello')
    await hasEnded()
    await page.getByRole('button', { name: 'Rename' }).click()
    await page.getByLabel('Title').fill('Greetings')
    await page.getByRole('dialog').getByRole('button', { name: 'Rename' }).click()
    await page.getByRole('link', { name: 'Greetings' }).waitFor()

    await page.getByRole('button', { name: 'Delete' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await page.getByText('Nothing asked yet.').waitFor()
  })

  it('lets somebody take part by an invitation, who says first who they are', async () => {
    const ivy = createPerson(server.url, 'ivy')
    const { id } = await ivy.converse({ title: 'The garden' })
    await ivy.write(id, 'Moles again')
    const { url, token } = await ivy.invite(id, 'VIEWER')
    await page.goto(url)
    await page.getByLabel('Your name').fill('jon')
    await page.getByRole('button', { name: 'Switch' }).click()
    await page.getByRole('button', { name: 'Join' }).click()
    await page.getByText('Moles again').waitFor()
    await page.getByRole('link', { name: 'The garden' }).waitFor()
    expect(page.url()).not.toContain(token)
    expect(await rolesIn(id, ivy)).toEqual(['ivy OWNER', 'jon VIEWER'])
    expect(await page.getByLabel('Your question').count()).toBe(0)

    await page.goto(url.slice(0, -1))
    await page.getByRole('button', { name: 'Join' }).click()
    await page.getByText('There is no such invitation.').waitFor()
  })

  it('shows what others write as it comes, who they are, whether they write, and what is unread elsewhere', async () => {
    const kim = createPerson(server.url, 'kim')
    const [here, there] = [await kim.converse({ title: 'Moles' }), await kim.converse({ title: 'Worms' })]
    await kim.write(here.id, 'The first words')
    const leo = await createPerson(server.url, 'leo').id()
    for (const { id } of [here, there]) await kim.add(id, leo, 'EDITOR')
    await open('leo')
    await page.getByRole('link', { name: 'Moles' }).click()
    await page.getByText('The first words').waitFor()
    const present = openConversation(server.url, 'kim', here.id)
    await present.until('kim', 'leo')
    await page.getByText('Also here: kim', { exact: true }).waitFor()
    await page.getByLabel('Your question').fill('I think')
    await present.until('kim', 'leo*')
    await announceTyping(kim, here.id)
    await page.getByText('Also here: kim (writing…)').waitFor()

    await kim.write(here.id, 'The next words')
    await page.getByText('The next words').waitFor()
    await kim.write(there.id, 'Unseen words')
    await page.getByRole('link', { name: 'Worms 1 unread' }).click()
    await page.getByText('Unseen words').waitFor()
    await page.getByRole('link', { name: 'Moles', exact: true }).click()
    await page.getByRole('link', { name: 'Worms', exact: true }).waitFor()
    await kim.remove(there.id)
    await page.getByRole('link', { name: 'Worms' }).waitFor({ state: 'detached' })
    await present.close()
  })

  it('shows nothing of one person to another', async () => {
    await open('fay')
    await ask('A secret')
    await page.getByRole('link', { name: 'A secret' }).waitFor()
    const { hash } = new URL(page.url())

    await open('gus', `/${hash}`)
    await page.reload()
    await page.getByText('This conversation does not exist, or you may not see it.').waitFor()
    await page.getByText('Nothing asked yet.').waitFor()
  })

  it('asks nothing of other hosts, nor does GraphiQL, in which a subscription runs', async () => {
    const foreign: string[] = []
    page.on('request', (request) => {
      const { host, protocol } = new URL(request.url())
      if (protocol.startsWith('http') && host !== new URL(server.url).host) foreign.push(request.url())
    })
    await open('hal')
    await ask('Hello')
    await hasEnded()

    const subscription = `subscription {
      completionStream(input: { start: { idempotencyKey: "graphiql", completion: {
        model: "demo-fast", messages: [{ role: USER, content: "Hello" }]
      } } }) { __typename ... on CompletionEnded { completion { status } } }
    }`
    await page.goto(`${server.url}/graphql?query=${encodeURIComponent(subscription)}`)
    await page.getByRole('button', { name: /^Execute query/ }).click()
    await page.getByText('COMPLETED').first().waitFor()
    expect(foreign).toEqual([])
  })

  it('answers over plain http from another machine, too, where browsers offer a page less', async () => {
    const url = new URL((await startServer({ AUTH_DEV: 'allow' })).url)
    url.hostname = elsewhere
    await page.goto(url.href)
    expect(await page.evaluate(() => 'randomUUID' in crypto)).toBe(false)
    await ask('How do I start Antiphon?')
    await hasEnded()
    expect(await answer().innerText()).toMatch(/demo model/i)
  })

  it('says that nobody is signed in, where a name is not enough', async () => {
    const { url } = await startServer({ AUTH_JWT_SECRET: 'a secret of thirty-two characters' })
    await page.goto(url)
    await page.getByLabel('Your question').fill('How do I start Antiphon?')
    await page.getByLabel('Your question').press('Enter')
    await page.locator('main').getByText('You are not signed in.').waitFor()
  })
})
