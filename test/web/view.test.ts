import { AxeBuilder } from '@axe-core/playwright'
import { describe, expect, it } from 'vitest'
import { browserTitle, isBrowserMissing, useBrowser } from '../harness/browser.ts'
import { storePastCompletions } from '../harness/past-completions.ts'
import { createPerson } from '../harness/person.ts'
import { freshDatabase, startServer } from '../harness/server.ts'

const twoDaysMs = 2 * 86_400_000
/** The same instant is on the next day in Kiribati, 14 hours before UTC. */
const evening = `${new Date(Date.now() - twoDaysMs).toISOString().slice(0, 10)}T20:00:00Z`
const kiribati = 'Pacific/Kiritimati'

/** A database in which ann asked before. */
async function databaseWithUsage() {
  const database = await freshDatabase()
  const server = await startServer(database)
  const requester = await createPerson(server.url, 'ann').id()
  await server.close()
  await storePastCompletions(database, [
    { requester, at: evening, model: 'small', promptTokens: 1_999, costMicros: 1_500 },
    { requester, at: evening, model: 'large', promptTokens: 499, costMicros: null, source: 'ESTIMATED' },
    { requester, at: new Date(Date.now() - 10 * twoDaysMs).toISOString(), model: 'small', promptTokens: 99 },
  ])
  return database
}

describe.skipIf(isBrowserMissing)(browserTitle('the views of the page'), () => {
  const tab = useBrowser(databaseWithUsage)

  async function faultsIn(part: string, ...rules: string[]) {
    const builder = new AxeBuilder({ page: tab.page }).setLegacyMode().include(part)
    const { violations } = await (rules.length > 0 ? builder.withRules(rules) : builder).analyze()
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`)
  }

  /** In dark only the colours differ. */
  async function expectNoFaults(part = 'body') {
    const { page } = tab
    const size = page.viewportSize()
    await page.emulateMedia({ colorScheme: 'light' })
    expect(await faultsIn(part)).toEqual([])
    await page.emulateMedia({ colorScheme: 'dark' })
    expect(await faultsIn(part, 'color-contrast')).toEqual([])
    await page.setViewportSize({ width: 390, height: 844 })
    expect(await faultsIn(part)).toEqual([])
    if (size) await page.setViewportSize(size)
  }

  const openings: [title: string, open: (page: typeof tab.page) => Promise<unknown>][] = [
    ['Search', (page) => page.keyboard.press('Control+k')],
    ['Keyboard', (page) => page.keyboard.press('?')],
    ['People', (page) => page.getByRole('button', { name: 'People', exact: true }).click()],
    ['Settings', (page) => page.getByRole('button', { name: 'Settings', exact: true }).click()],
    ['The GraphQL behind this page', (page) => page.getByRole('button', { name: 'Show the GraphQL' }).click()],
  ]

  it('are free of faults that axe finds, in light, in dark and on a phone, and are printed as a whole', async () => {
    const { page } = tab
    await tab.open('dot')
    await page.getByRole('heading', { name: /What would you like to know/ }).waitFor()
    await expectNoFaults()
    await tab.ask('Show me a query in GraphQL')
    await tab.hasEnded()
    await page.getByRole('button', { name: 'Regenerate' }).waitFor()
    await expectNoFaults()

    for (const [title, open] of openings) {
      await open(page)
      await page.getByRole('dialog', { name: title }).waitFor()
      await expectNoFaults('dialog')
      await page.getByRole('button', { name: 'Close' }).click()
    }

    await page.setViewportSize({ width: 1280, height: 200 })
    await page.emulateMedia({ media: 'print' })
    expect(await page.getByRole('navigation').isVisible()).toBe(false)
    expect(await tab.box().isVisible()).toBe(false)
    const hidden = await page
      .locator('.thread')
      .evaluate(({ scrollHeight, clientHeight }) => scrollHeight - clientHeight)
    expect(hidden).toBe(0)
    expect(await page.evaluate(() => document.documentElement.scrollHeight > innerHeight)).toBe(true)
  }, 120_000)

  it('include the own usage by day and by model, in the time zone of the browser', async () => {
    const { page, context } = tab
    const devtools = await context.newCDPSession(page)
    await devtools.send('Emulation.setTimezoneOverride', { timezoneId: kiribati })
    await tab.open('ann')
    const account = page.getByRole('button', { name: 'Account: ann' })
    await account.press('Enter')
    await page.getByRole('button', { name: 'Your usage' }).press('Enter')
    const dialog = page.getByRole('dialog', { name: 'Your usage' })
    await dialog.getByRole('group', { name: `Days, in the time zone ${kiribati}` }).waitFor()

    const rowsOf = (table: string) => dialog.getByRole('table', { name: table }).getByRole('row').allInnerTexts()
    const day = new Date(evening).toLocaleDateString('en', { day: 'numeric', month: 'short', timeZone: kiribati })
    await expect.poll(() => rowsOf('By day')).toHaveLength(4)
    expect((await rowsOf('By day'))[1]).toBe(`${day}\t2\tabout 2,500\t$0.0015`)
    expect((await rowsOf('By day')).at(-1)).toBe('Together\t3\tabout 2,600\t$0.0015')
    expect((await rowsOf('By model')).slice(1, 3)).toEqual(['small\t2\t2,100\t$0.0015', 'large\t1\tabout 500\t–'])
    await dialog.getByRole('img', { name: /A plot of the tokens of each of the last 30 days/ }).waitFor()
    await dialog.getByRole('radio', { name: '30 days' }).press('ArrowLeft')
    await expect.poll(() => rowsOf('By day')).toHaveLength(3)
    await expectNoFaults('dialog')
    await page.keyboard.press('Escape')
    await expect.poll(() => account.evaluate((button) => button === document.activeElement)).toBe(true)
  }, 120_000)

  it('say plainly that nothing was used, and that the usage could not be read', async () => {
    const { page } = tab
    await page.route('**/graphql', async (route) => {
      const isUsage = route.request().postData()?.includes('query OwnUsage(') ?? false
      await (isUsage ? route.abort() : route.fallback())
    })
    await tab.open('eva')
    await page.getByRole('button', { name: 'Account: eva' }).click()
    await expectNoFaults('dialog')
    await page.getByRole('button', { name: 'Your usage' }).click()
    await page.getByRole('alert').getByText('The server cannot be reached.').waitFor()
    await page.unroute('**/graphql')
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByText('You have asked nothing in the last 30 days.').waitFor()
    await expectNoFaults('dialog')
  })

  it('have the colours that were chosen, also after a reload', async () => {
    const { page } = tab
    await page.emulateMedia({ colorScheme: 'light' })
    await tab.open('cas')
    const paper = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)
    const light = await paper()
    await page.getByRole('button', { name: 'Account: cas' }).click()
    await page.getByLabel('Dark').check()
    const dark = await paper()
    expect(dark).not.toBe(light)
    await page.reload()
    expect(await paper()).toBe(dark)
  })

  it('fits a phone, with targets for a finger', async () => {
    const { page } = tab
    await page.setViewportSize({ width: 390, height: 844 })
    await tab.open('ben')
    await page.getByRole('heading', { name: /What would you like to know/ }).waitFor()
    const small = await page
      .locator('button:visible, select:visible')
      .evaluateAll((elements) =>
        elements.filter((element) => element.getBoundingClientRect().height < 44).map((element) => element.outerHTML),
      )
    expect(small).toEqual([])
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)

    await page.getByRole('button', { name: 'Conversations' }).click()
    await page.getByRole('button', { name: 'Account: ben' }).click()
    await page.getByRole('button', { name: 'Your usage' }).click()
    const dialog = page.getByRole('dialog', { name: 'Your usage' })
    await dialog.waitFor()
    expect(await dialog.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)).toBe(0)
  })

  it('take at most 160 KB at first, compressed, and are kept by their hash', async () => {
    const { page, server } = tab
    const sizes: Promise<number>[] = []
    page.on('requestfinished', (request) =>
      sizes.push(request.sizes().then(({ responseBodySize }) => responseBodySize)),
    )
    await page.route('**/markdown-*.js', (route) => route.abort())
    await page.goto(server.url)
    await page.getByRole('heading', { name: /What would you like to know/ }).waitFor()
    const total = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
    console.info(`the first load: ${Math.round(total / 1_000)} KB`)
    expect(total).toBeLessThan(160_000)

    const script = await page.locator('script[type=module]').getAttribute('src')
    const gzipped = await fetch(`${server.url}${script}`, { headers: { 'accept-encoding': 'gzip' } })
    expect(gzipped.headers.get('content-encoding')).toBe('gzip')
    expect(gzipped.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
    expect(gzipped.headers.get('cache-control')).toContain('immutable')
  })
})
