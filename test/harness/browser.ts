import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { findProgram } from './program.ts'
import { type Environment, type Server, startServer } from './server.ts'

const executablePath = findProgram('chromium')

/** If all services are required, a missing browser fails the tests instead of skipping them. */
export const isBrowserMissing = executablePath === null && process.env['REQUIRE_SERVICES'] !== '1'

export function browserTitle(title: string): string {
  return isBrowserMissing ? `${title} (skipped: chromium is not installed)` : title
}

/** A host name that the browser takes for a server that is neither on this machine nor on https. */
export const elsewhere = 'antiphon.example'

/** Provides one server and one browser for a test file, and a new page for each test. */
export function useBrowser(settings: () => Environment | Promise<Environment> = () => ({})) {
  let browser: Browser
  let server: Server
  let context: BrowserContext
  let page: Page

  beforeAll(async () => {
    server = await startServer(await settings())
    browser = await chromium.launch({
      executablePath: executablePath ?? 'chromium',
      // Chromium has no sandbox for root, and containers often run as root.
      args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), `--host-resolver-rules=MAP ${elsewhere} 127.0.0.1`],
    })
  })
  afterAll(() => browser?.close())
  beforeEach(async () => {
    // An animation keeps a browser without a graphics card busy.
    context = await browser.newContext({ reducedMotion: 'reduce' })
    // A little less than the time of a test, so that a test that fails names the step.
    context.setDefaultTimeout(50_000)
    page = await context.newPage()
  })
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') console.info(`The page showed: ${await page.locator('body').innerText()}`)
    await context.close()
  })

  const box = () => page.getByLabel('Your question', { exact: true })
  return {
    get server() {
      return server
    },
    get page() {
      return page
    },
    get context() {
      return context
    },
    box,
    async open(name: string, path = '/') {
      await page.addInitScript((name) => localStorage.setItem('antiphon.name', name), name)
      await page.goto(server.url + path)
    },
    async ask(question: string, model = 'demo-fast') {
      await page.getByLabel('Model', { exact: true }).selectOption(model)
      await box().fill(question)
      await box().press('Enter')
    },
    answer: () => answersOf(page).last(),
    async hasEnded() {
      const answer = answersOf(page).last()
      await answer.locator('.cost').waitFor()
      // The text is rendered after the line below it.
      await answer.locator('[data-behind], .unparsed').first().waitFor({ state: 'detached' })
    },
    isWriting: () => page.getByText('Writing').waitFor(),
    menu: async (item: string) => {
      await page.getByRole('button', { name: 'More' }).click()
      await page.getByRole('menuitem', { name: item }).click()
    },
  }
}

export function answersOf(page: Page) {
  return page.getByRole('article', { name: 'Answer', exact: true })
}
