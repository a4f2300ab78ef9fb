import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { browserTitle, isBrowserMissing, useBrowser } from '../harness/browser.ts'

describe.skipIf(isBrowserMissing)(browserTitle('what the page offers'), () => {
  const tab = useBrowser()
  const { open, ask, answer, hasEnded, menu } = tab

  it('begins with a question that is offered', async () => {
    await open('ann')
    await tab.page.getByRole('button', { name: /What can you do/ }).click()
    await hasEnded()
    await tab.page.getByRole('region', { name: 'Today' }).getByRole('link', { name: 'What can you do?' }).waitFor()
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

  it('attaches a picture and shows it in the question', async () => {
    const { page } = tab
    const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
    await open('gus')
    const file = { name: 'dot.png', mimeType: 'image/png', buffer: Buffer.from(pixel, 'base64') }
    await page.getByLabel('Pictures', { exact: true }).setInputFiles(file)
    await page.getByRole('img', { name: 'Attachment 1' }).waitFor()
    await ask('What is this?')
    await hasEnded()
    await page.reload()
    await page
      .getByRole('article', { name: /^Question/ })
      .getByRole('img', { name: 'Attachment 1' })
      .waitFor()
  })
})
