import type { Page, WebSocketRoute } from 'playwright-core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { answersOf, browserTitle, elsewhere, isBrowserMissing, useBrowser } from '../harness/browser.ts'
import { createPerson, rolesIn } from '../harness/person.ts'
import { announceTyping, openConversation } from '../harness/presence.ts'
import { startServer } from '../harness/server.ts'
import { delta, every, startScriptedUpstream } from '../harness/upstream.ts'

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

describe.skipIf(isBrowserMissing)(browserTitle('the page'), () => {
  const tab = useBrowser()
  const { open, ask, answer, hasEnded, isWriting, box, menu } = tab

  it('shows an answer, and has it again after a reload, in the list and under its address', async () => {
    await open('ann')
    await ask('How do I start Antiphon?')
    await hasEnded()
    const shown = await answer().innerText()
    expect(shown).toMatch(/demo model/i)
    await tab.page.getByRole('link', { name: 'How do I start Antiphon?' }).waitFor()

    await tab.page.reload()
    await hasEnded()
    expect(await answer().innerText()).toBe(shown)
  })

  it('says that a question is too long before it is sent, and sends a shorter one', async () => {
    await open('lea')
    // Six bytes each, as JSON has them.
    await box().fill('\u0001'.repeat(170_000))
    await tab.page.getByText('This question is too long to be sent').waitFor()
    await box().press('Enter')
    expect(await tab.page.getByRole('button', { name: 'Ask', exact: true }).isDisabled()).toBe(true)
    await ask('How do I start Antiphon?')
    await hasEnded()
  })

  it('stops an answer, at the second attempt if the first one fails, keeps what was written, and says so', async () => {
    const { page } = tab
    await page.route('**/graphql', async (route) => {
      const isStop = route.request().postData()?.includes('mutation CancelCompletion(') ?? false
      await (isStop ? route.abort() : route.fallback())
    })
    await open('ben')
    await ask('Tell me about cursors', 'demo-slow')
    await isWriting()
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.getByText('The server cannot be reached').waitFor()
    await page.unroute('**/graphql')
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.getByText('The server cannot be reached').waitFor({ state: 'detached' })
    await answer().getByText('Stopped. What was written so far is kept.').waitFor()
    await page.getByRole('img', { name: 'An answer is being written' }).waitFor({ state: 'detached' })
    const shown = await answer().innerText()

    await tab.page.reload()
    await hasEnded()
    expect(await answer().innerText()).toBe(shown)
  })

  it('goes on after a lost connection and after a reload, without a doubled word', async () => {
    const line = await breakableLine(tab.page)
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
      await tab.page.getByText('The connection to the server is lost').waitFor()
      mend()
      await tab.page.getByText('The connection to the server is lost').waitFor({ state: 'hidden' })
    }
    const { url } = await startServer({ OPENAI_BASE_URL: upstream.baseUrl })
    await tab.page.goto(url)
    await ask('Count', 'test-model')
    await countsOn()
    await loseConnection()
    await countsOn()
    await tab.page.reload()
    await countsOn()
    await loseConnection()
    await countsOn()
    await tab.page.getByRole('button', { name: 'Stop' }).click()
    await hasEnded()
    const shown = await answer().innerText()
    const numbers = shown.split('\n')[0]?.split(' ').map(Number) ?? []
    expect(numbers).toEqual(Array.from(numbers, (_, index) => index + 1))

    await tab.page.reload()
    await hasEnded()
    expect(await answer().innerText()).toBe(shown)
    expect(await answersOf(tab.page).count()).toBe(1)
  })

  it('says why an answer was cut off, and asks again in its place', async () => {
    await open('dan')
    await ask('What is Antiphon?', 'demo-cut')
    await answer().getByText('The answer was cut off.').waitFor()
    await tab.page.getByLabel('Model', { exact: true }).selectOption('demo-fast')
    await tab.page.getByRole('button', { name: 'Try again' }).click()
    await answer().getByText('demo-fast').waitFor()
    expect(await tab.page.getByText('The answer was cut off.').count()).toBe(0)
    expect(await answersOf(tab.page).count()).toBe(1)
    expect(await tab.page.getByRole('article', { name: /^Question/ }).count()).toBe(1)
  })

  it('renames a conversation, and deletes it once that is confirmed', async () => {
    await open('eve')
    await ask('Hello')
    await hasEnded()
    await menu('Rename')
    await tab.page.getByLabel('Title').fill('Greetings')
    await tab.page.getByRole('dialog').getByRole('button', { name: 'Rename' }).click()
    await tab.page.getByRole('link', { name: 'Greetings' }).waitFor()

    await menu('Delete')
    await tab.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await tab.page.getByText('Nothing asked yet.').waitFor()
  })

  it('lets somebody take part by an invitation, who says first who they are', async () => {
    const ivy = createPerson(tab.server.url, 'ivy')
    const { id } = await ivy.converse({ title: 'The garden' })
    await ivy.write(id, 'Moles again')
    const { url, token } = await ivy.invite(id, 'VIEWER')
    await tab.page.goto(url)
    await tab.page.getByRole('button', { name: /^Account/ }).click()
    await tab.page.getByLabel('Your name').fill('jon')
    await tab.page.getByRole('button', { name: 'Switch' }).click()
    await tab.page.getByRole('button', { name: 'Join' }).click()
    await tab.page.getByText('Moles again').waitFor()
    await tab.page.getByRole('link', { name: 'The garden' }).waitFor()
    expect(tab.page.url()).not.toContain(token)
    expect(await rolesIn(id, ivy)).toEqual(['ivy OWNER', 'jon VIEWER'])
    expect(await box().count()).toBe(0)
    await tab.page.getByText('You may read this conversation, but not write in it.').waitFor()

    await tab.page.goto(url.slice(0, -1))
    await tab.page.getByRole('button', { name: 'Join' }).click()
    await tab.page.getByText('There is no such invitation.').waitFor()
  })

  it('shows what others write as it comes, who they are, whether they write, and what is unread elsewhere', async () => {
    const kim = createPerson(tab.server.url, 'kim')
    const [here, there] = [await kim.converse({ title: 'Moles' }), await kim.converse({ title: 'Worms' })]
    await kim.write(here.id, 'The first words')
    const leo = await createPerson(tab.server.url, 'leo').id()
    for (const { id } of [here, there]) await kim.add(id, leo, 'EDITOR')
    await open('leo')
    await tab.page.getByRole('link', { name: 'Moles' }).click()
    await tab.page.getByText('The first words').waitFor()
    const present = openConversation(tab.server.url, 'kim', here.id)
    await present.until('kim', 'leo')
    await tab.page.getByText('Also here: kim', { exact: true }).waitFor()
    await box().fill('I think')
    await present.until('kim', 'leo*')
    await announceTyping(kim, here.id)
    await tab.page.getByText('Also here: kim (writing…)').waitFor()

    await kim.write(here.id, 'The next words')
    await tab.page.getByText('The next words').waitFor()
    await kim.write(there.id, 'Unseen words')
    await tab.page.getByRole('link', { name: 'Worms 1 unread' }).click()
    await tab.page.getByText('Unseen words').waitFor()
    await tab.page.getByRole('link', { name: 'Moles', exact: true }).click()
    await tab.page.getByRole('link', { name: 'Worms', exact: true }).waitFor()
    await kim.remove(there.id)
    await tab.page.getByRole('link', { name: 'Worms' }).waitFor({ state: 'detached' })
    await present.close()
  })

  it('shows nothing of one person to another', async () => {
    await open('fay')
    await ask('A secret')
    await tab.page.getByRole('link', { name: 'A secret' }).waitFor()
    const { hash } = new URL(tab.page.url())

    await open('gus', `/${hash}`)
    await tab.page.reload()
    await tab.page.getByText('This conversation does not exist, or you may not see it.').waitFor()
    await tab.page.getByText('Nothing asked yet.').waitFor()
  })

  it('asks nothing of other hosts, nor does GraphiQL, which opens with what the page asked, and runs it', async () => {
    const { page, context, server } = tab
    const foreign: string[] = []
    context.on('request', (request) => {
      const { host, protocol } = new URL(request.url())
      if (protocol.startsWith('http') && host !== new URL(server.url).host) foreign.push(request.url())
    })
    await open('hal')
    await ask('Hello')
    await hasEnded()
    await page.getByRole('button', { name: 'Show the GraphQL' }).click()
    const opened = context.waitForEvent('page')
    await page.getByRole('link', { name: 'Open in GraphiQL' }).click()
    const graphiql = await opened
    await graphiql.getByRole('button', { name: /^Execute query/ }).click()
    await graphiql.getByText('COMPLETED').first().waitFor()
    expect(foreign).toEqual([])
  }, 120_000)

  it('answers over plain http from another machine, too, where browsers offer a page less', async () => {
    const url = new URL((await startServer({ AUTH_DEV: 'allow' })).url)
    url.hostname = elsewhere
    await tab.page.goto(url.href)
    expect(await tab.page.evaluate(() => 'randomUUID' in crypto)).toBe(false)
    await ask('How do I start Antiphon?')
    await hasEnded()
    expect(await answer().innerText()).toMatch(/demo model/i)
  })
})
