import { describe, expect, it } from 'vitest'
import { answersOf, browserTitle, isBrowserMissing, useBrowser } from '../harness/browser.ts'
import { createPerson } from '../harness/person.ts'
import { freshDatabase, startServer } from '../harness/server.ts'

describe.skipIf(isBrowserMissing)(browserTitle('a conversation on the page'), () => {
  const tab = useBrowser()
  const { open, ask, answer, hasEnded, isWriting, box, menu } = tab

  it('is shown while its server is restarted, and has the whole answer after it', async () => {
    const { page } = tab
    const database = await freshDatabase()
    const server = await startServer({ ...database, DRAIN_MS: '0' })
    const port = new URL(server.url).port
    await page.goto(server.url)
    await ask('Tell me about cursors', 'demo-slow')
    await isWriting()
    await page.getByRole('link', { name: 'Tell me about cursors' }).waitFor()
    await server.close()
    await page.getByText('The connection to the server is lost').waitFor()
    await page.getByRole('link', { name: 'Tell me about cursors' }).waitFor()
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('Tell me about cursors')

    await startServer({ ...database, PORT: port })
    await page.getByText('The connection to the server is lost').waitFor({ state: 'hidden' })
    await hasEnded()
    expect(await page.getByText('The server cannot be reached').count()).toBe(0)
  })

  it('says who wrote what where several people write', async () => {
    const kim = createPerson(tab.server.url, 'kim')
    const { id } = await kim.converse({ title: 'Moles' })
    await kim.write(id, 'Moles again')
    await kim.add(id, await createPerson(tab.server.url, 'lea').id(), 'EDITOR')
    await open('lea', `/#/c/${encodeURIComponent(id)}`)
    const question = tab.page.getByRole('article', { name: 'Question by kim' })
    await question.getByText('kim').waitFor()
    expect(await question.getByRole('button', { name: 'Edit question' }).count()).toBe(1)
  })

  it('keeps the place of whoever scrolls to its beginning', async () => {
    const { page } = tab
    const meg = createPerson(tab.server.url, 'meg')
    const { id } = await meg.converse({ title: 'Long' })
    // With the answer there are 70 messages, and a page of them has 50.
    const texts = Array.from({ length: 69 }, (_, index) => `Message ${index}. ${'and so on. '.repeat(20)}`)
    const messages = texts.map((content) => ({ role: 'USER', content }))
    await meg.ask({ conversationId: id, model: 'demo-fast', messages })
    await open('meg', `/#/c/${encodeURIComponent(id)}`)
    const first = page.getByText('Message 20.')
    await first.waitFor()
    await page.locator('.thread').evaluate((thread) => {
      thread.scrollTop = 300
    })
    const before = (await first.boundingBox())?.y ?? 0
    await page.getByText('Message 0.').waitFor({ state: 'attached' })
    await expect.poll(async () => Math.abs(((await first.boundingBox())?.y ?? 0) - before)).toBeLessThan(3)
  })

  it('is begun although one leaves it right after the question, and has a mark while its answer is written', async () => {
    const { page } = tab
    await open('ned')
    await ask('A question left behind', 'demo-slow')
    await page.getByRole('button', { name: 'New conversation' }).click()
    await page.getByRole('heading', { name: /What would you like to know/ }).waitFor()
    const entry = page.getByRole('listitem').filter({ hasText: 'A question left behind' })
    await entry.getByRole('img', { name: 'An answer is being written' }).waitFor()
    expect(await answersOf(page).count()).toBe(0)
  })

  it('keeps what was written while one looks elsewhere, and gives the focus back after a dialog', async () => {
    const { page } = tab
    await open('oda')
    await ask('Hello')
    await hasEnded()
    await box().fill('Half a thought')
    await page.getByRole('button', { name: 'New conversation' }).click()
    expect(await box().inputValue()).toBe('')
    await page.getByRole('link', { name: 'Hello' }).click()
    await expect.poll(() => box().inputValue()).toBe('Half a thought')

    await menu('Rename')
    await page.keyboard.press('Escape')
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('More')
  })

  it('sends nothing when Enter chooses a word of an input method', async () => {
    const { page } = tab
    await open('pia')
    await box().fill('にほん')
    await box().dispatchEvent('keydown', { key: 'Enter', keyCode: 229 })
    expect(await box().inputValue()).toBe('にほん')
    expect(await answersOf(page).count()).toBe(0)
  })

  it('has branches for an edited question and another answer, which survive a reload', async () => {
    const { page } = tab
    await open('quin')
    await ask('What is Antiphon?')
    await hasEnded()
    await page.getByRole('button', { name: 'Regenerate' }).click()
    await answer().getByText('2/2').waitFor()
    await page.getByRole('button', { name: 'Previous answer' }).click()
    await answer().getByText('1/2').waitFor()
    await page.reload()
    await answer().getByText('1/2').waitFor()

    await box().press('ArrowUp')
    await page.getByLabel('Edit your question').fill('What is a cursor?')
    await page.getByRole('button', { name: 'Ask again' }).click()
    const question = page.getByRole('article', { name: /^Question/ })
    await question.getByText('2/2').waitFor()
    await hasEnded()
    await question.getByRole('button', { name: 'Previous question' }).click()
    await page.getByText('What is Antiphon?', { exact: true }).last().waitFor()
    await answer().getByText('2/2').waitFor()
  })

  it('shows another branch that is chosen while the newest answer has not been read back', async () => {
    const { page } = tab
    await open('rio')
    await ask('What is Antiphon?')
    await hasEnded()
    // Only a question that was read back can be edited.
    await page.getByRole('button', { name: 'Regenerate' }).waitFor()
    await box().press('ArrowUp')
    await page.getByLabel('Edit your question').fill('What is a cursor?')
    await page.getByRole('button', { name: 'Ask again' }).click()
    const versions = page.getByRole('group', { name: 'Versions of this question' })
    await versions.getByText('2/2').waitFor()
    await hasEnded()

    let letRead = () => {}
    const mayRead = new Promise<void>((resolve) => {
      letRead = resolve
    })
    await page.route('**/graphql', async (route) => {
      if (route.request().postData()?.includes('query Conversation(')) await mayRead
      await route.continue()
    })
    await ask('And what is an offset?')
    const question = page.getByRole('article', { name: /^Question/ }).getByText('And what is an offset?')
    await question.waitFor()
    await hasEnded()
    await page.getByRole('button', { name: 'Previous question' }).click()
    letRead()
    await versions.getByText('1/2').waitFor()
    expect(await question.count()).toBe(0)
  })

  it('asks follow-ups one after another, of which one can be taken back', async () => {
    const { page } = tab
    await open('rex')
    await ask('Tell me about cursors', 'demo')
    await isWriting()
    await ask('The first follow-up')
    await ask('The second follow-up')
    const queue = page.getByRole('region', { name: 'Follow-ups that wait' })
    await queue.getByText('The second follow-up').waitFor()
    await queue.getByRole('listitem').filter({ hasText: 'second' }).getByRole('button').click()
    await page
      .getByRole('article', { name: /^Question/ })
      .getByText('The first follow-up')
      .waitFor()
    await hasEnded()
    expect(await page.getByText('The second follow-up').count()).toBe(0)
    expect(await answersOf(page).count()).toBe(2)
  })

  it('lets at most ten follow-ups wait, and says so', async () => {
    const { page } = tab
    // For this page the first answer never ends.
    await page.routeWebSocket('**/graphql', (socket) => {
      socket.connectToServer().onMessage((message) => {
        if (!message.includes('CompletionEnded')) socket.send(message)
      })
    })
    await open('sid')
    await ask('Tell me about cursors')
    await isWriting()
    const queue = page.getByRole('region', { name: 'Follow-ups that wait' })
    for (let index = 1; index <= 11; index++) {
      await box().fill(`Follow-up ${index}`)
      await box().press('Enter')
    }
    await queue.getByText('At most 10 follow-ups can wait.').waitFor()
    expect(await queue.getByRole('listitem').count()).toBe(10)
    expect(await box().inputValue()).toBe('Follow-up 11')
    expect(await page.getByRole('button', { name: 'Ask next' }).isDisabled()).toBe(true)
    await queue.getByRole('button', { name: 'Remove follow-up' }).first().click()
    await box().press('Enter')
    await queue.getByText('Follow-up 11').waitFor()
  })

  it('says when one may ask again, and keeps the question', async () => {
    const { page } = tab
    const { url } = await startServer({ LIMIT_REQUESTS_PER_MINUTE: '1' })
    await page.goto(url)
    await ask('Hello')
    await hasEnded()
    await ask('Once more')
    await page.getByText(/You can ask again in \d+ s/).waitFor()
    expect(await box().inputValue()).toBe('Once more')
  })
})
