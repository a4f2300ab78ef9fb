import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { browserTitle, isBrowserMissing, useBrowser } from '../harness/browser.ts'
import { createPerson, rolesIn } from '../harness/person.ts'

describe.skipIf(isBrowserMissing)(browserTitle('what the page offers'), () => {
  const tab = useBrowser()
  const { open, ask, answer, hasEnded, box, menu } = tab

  it('begins with a question that is offered, and says in a hidden tab that the answer is there', async () => {
    const { page } = tab
    await open('ann')
    await page.evaluate(() => Object.defineProperty(document, 'hidden', { value: true, configurable: true }))
    await page.getByRole('button', { name: /What can you do/ }).click()
    await hasEnded()
    await page.getByRole('region', { name: 'Today' }).getByRole('link', { name: 'What can you do?' }).waitFor()
    await expect.poll(() => page.title()).toBe('✓ What can you do? · Antiphon')
    await page.evaluate(() => {
      Object.defineProperty(document, 'hidden', { value: false })
      document.dispatchEvent(new Event('visibilitychange'))
    })
    await expect.poll(() => page.title()).toBe('What can you do? · Antiphon')
  })

  it('finds conversations and messages by Ctrl+K, shows its keys by ?, and begins anew by Ctrl+Shift+O', async () => {
    const { page, server } = tab
    const ben = createPerson(server.url, 'ben')
    const { id } = await ben.converse({ title: 'The garden' })
    await ben.write(id, 'There are moles under the lawn')
    await open('ben')
    await page.getByRole('link', { name: 'The garden' }).waitFor()
    await page.keyboard.press('Control+k')
    await page.getByLabel('Search conversations and messages').fill('moles')
    await page.getByText('moles', { exact: true }).waitFor()
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'The garden' }).waitFor()
    await page.keyboard.press('Control+Shift+o')
    await page.getByRole('heading', { name: /What would you like to know/ }).waitFor()
    await box().press('?')
    await page.getByRole('dialog', { name: 'Keyboard' }).waitFor()
  })

  it('archives a conversation, takes it back, and exports it as Markdown and JSON', async () => {
    const { page } = tab
    await open('cem')
    await ask('Hello there')
    await hasEnded()
    await menu('Archive')
    await page.getByText('Nothing asked yet.').waitFor()
    await page.getByRole('navigation').getByRole('button', { name: 'Archive' }).click()
    await page.getByRole('link', { name: 'Hello there' }).waitFor()
    await menu('Take out of the archive')
    await page.getByText('The archive is empty.').waitFor()

    async function save(item: string) {
      const download = page.waitForEvent('download')
      await menu(item)
      const file = await download
      return { name: file.suggestedFilename(), text: await readFile(await file.path(), 'utf8') }
    }
    const markdown = await save('Export as Markdown')
    expect(markdown.name).toMatch(/\.md$/)
    expect(markdown.text).toContain('## cem\n\nHello there')
    const json = await save('Export as JSON')
    expect(JSON.parse(json.text).messages).toHaveLength(2)
  })

  it('begins a conversation with a system prompt and parameters, and says who may do what in it', async () => {
    const { page, server } = tab
    await open('dan')
    await page.getByRole('button', { name: 'Settings' }).click()
    await page.getByLabel('System prompt').fill('Answer in one word.')
    await page.getByLabel('Temperature').fill('0.5')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.waitForURL(/#\/c\//)
    await page.getByRole('button', { name: 'Settings' }).click()
    expect(await page.getByLabel('System prompt').inputValue()).toBe('Answer in one word.')
    expect(await page.getByLabel('Temperature').inputValue()).toBe('0.5')
    await page.keyboard.press('Escape')

    await page.getByRole('button', { name: 'People' }).click()
    await page.getByRole('button', { name: 'Make a link' }).click()
    const url = await page.getByLabel('Invitation', { exact: true }).inputValue()
    const eve = createPerson(server.url, 'eve')
    const { id } = (await eve.accept(decodeURIComponent(url.split('#/join/')[1] ?? ''))).conversation
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'People' }).click()
    await page.getByLabel('Role of eve').selectOption('VIEWER')
    await expect.poll(() => rolesIn(id, eve)).toEqual(['dan OWNER', 'eve VIEWER'])
  })

  it('folds reasoning, shows tool calls as cards, and says what an answer used', async () => {
    await open('fay')
    await ask('Why?', 'demo-reasoning')
    await hasEnded()
    await answer()
      .getByText(/^Thought for \d+ s$/)
      .waitFor()
    await ask('What is the weather?', 'demo-tools')
    await answer().getByText('The model calls').or(answer().locator('.prose')).first().waitFor()
    await hasEnded()
    expect(await answer().locator('.cost').innerText()).toMatch(/tokens/)
  })

  it('attaches pictures by the button, pasted and dropped, and shows them in the question', async () => {
    const { page } = tab
    const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
    await open('gus')
    const file = { name: 'dot.png', mimeType: 'image/png', buffer: Buffer.from(pixel, 'base64') }
    await page.getByLabel('Pictures', { exact: true }).setInputFiles(file)
    await page.getByRole('img', { name: 'Attachment 1' }).waitFor()
    const data = await page.evaluateHandle((pixel) => {
      const data = new DataTransfer()
      const bytes = Uint8Array.from(atob(pixel), (character) => character.charCodeAt(0))
      data.items.add(new File([bytes], 'dot.png', { type: 'image/png' }))
      return data
    }, pixel)
    await box().evaluate(
      (box, clipboardData) => box.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true })),
      data,
    )
    await page.getByRole('img', { name: 'Attachment 2' }).waitFor()
    await box().dispatchEvent('drop', { dataTransfer: data })
    await page.getByRole('img', { name: 'Attachment 3' }).waitFor()
    await ask('What is this?')
    await hasEnded()
    await page.reload()
    await page
      .getByRole('article', { name: /^Question/ })
      .getByRole('img', { name: 'Attachment 3' })
      .waitFor()
  })

  it('shows the GraphQL behind what was done, which runs with the openai package, too', async () => {
    const { page, context } = tab
    await context.grantPermissions(['clipboard-read', 'clipboard-write'])
    await open('hal')
    await ask('Hello')
    await hasEnded()
    await page.getByRole('button', { name: 'Show the GraphQL' }).click()
    const drawer = page.getByRole('dialog', { name: 'The GraphQL behind this page' })
    await drawer
      .getByRole('button', { name: /CompletionStream/ })
      .first()
      .waitFor()
    await drawer.getByText('subscription CompletionStream').waitFor()
    await drawer.getByRole('button', { name: 'Copy as curl' }).waitFor()
    await drawer.getByRole('button', { name: 'Copy as openai package' }).click()
    await drawer.getByRole('button', { name: 'Copied' }).waitFor()
    const program = await page.evaluate(() => navigator.clipboard.readText())
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program])
    expect(stdout).toMatch(/demo model/i)
    // It asked as the same person, in another conversation.
    await expect.poll(() => page.getByRole('link', { name: 'Hello', includeHidden: true }).count()).toBe(2)
  })
})
