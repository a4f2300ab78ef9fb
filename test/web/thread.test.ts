import { describe, expect, it } from 'vitest'
import { answersOf, browserTitle, isBrowserMissing, useBrowser } from '../harness/browser.ts'
import { createPerson } from '../harness/person.ts'

describe.skipIf(isBrowserMissing)(browserTitle('a conversation on the page'), () => {
  const tab = useBrowser()
  const { open, ask, hasEnded, isWriting, box } = tab

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
    for (let index = 0; index < 70; index++) await meg.write(id, `Message ${index}. ${'and so on. '.repeat(20)}`)
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

  it('is begun although one leaves it right after the question', async () => {
    const { page } = tab
    await open('ned')
    await ask('A question left behind', 'demo-slow')
    await page.getByRole('button', { name: 'New conversation' }).click()
    await page.getByRole('heading', { name: /What would you like to know/ }).waitFor()
    await page.getByRole('link', { name: 'A question left behind' }).waitFor()
    expect(await answersOf(page).count()).toBe(0)
  })

  it('sends nothing when Enter chooses a word of an input method', async () => {
    const { page } = tab
    await open('pia')
    await box().fill('にほん')
    await box().dispatchEvent('keydown', { key: 'Enter', keyCode: 229 })
    expect(await box().inputValue()).toBe('にほん')
    expect(await answersOf(page).count()).toBe(0)
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
})
