import { AxeBuilder } from '@axe-core/playwright'
import { describe, expect, it } from 'vitest'
import { browserTitle, isBrowserMissing, useBrowser } from '../harness/browser.ts'

describe.skipIf(isBrowserMissing)(browserTitle('the views of the page'), () => {
  const tab = useBrowser()

  async function faults() {
    const { violations } = await new AxeBuilder({ page: tab.page }).analyze()
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`)
  }

  it.each([
    ['in light', { width: 1440, height: 900 }, 'light'],
    ['in dark', { width: 1440, height: 900 }, 'dark'],
    ['on a phone', { width: 390, height: 844 }, 'light'],
  ] as const)('are free of faults that axe finds, %s', async (_, size, colorScheme) => {
    const { page } = tab
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await page.setViewportSize(size)
    await tab.open('ann')
    await page.getByRole('heading', { name: /What would you like to know/ }).waitFor()
    expect(await faults()).toEqual([])

    await tab.ask('Show me a query in GraphQL')
    await tab.hasEnded()
    expect(await faults()).toEqual([])

    for (const [key, name] of [
      ['Control+k', 'Search'],
      ['?', 'Keyboard'],
    ] as const) {
      await page.keyboard.press(key)
      await page.getByRole('dialog', { name }).waitFor()
      expect(await faults()).toEqual([])
      await page.keyboard.press('Escape')
    }
    for (const name of ['People', 'Settings'] as const) {
      await page.getByRole('button', { name, exact: true }).click()
      await page.getByRole('dialog').waitFor()
      expect(await faults()).toEqual([])
      await page.keyboard.press('Escape')
    }
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
