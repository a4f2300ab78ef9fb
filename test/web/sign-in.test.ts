import { SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { browserTitle, isBrowserMissing, useBrowser } from '../harness/browser.ts'
import { startServer } from '../harness/server.ts'

const secret = 'a secret of thirty-two characters'

function token(name: string): Promise<string> {
  const claims = new SignJWT({ name }).setProtectedHeader({ alg: 'HS256' }).setSubject(name).setExpirationTime('1h')
  return claims.sign(new TextEncoder().encode(secret))
}

describe.skipIf(isBrowserMissing)(browserTitle('signing in to the page'), () => {
  const tab = useBrowser(() => ({ AUTH_JWT_SECRET: secret }))

  it('takes a token where a name is not enough, and keeps it over a reload', async () => {
    const { page, server } = tab
    await page.goto(server.url)
    await page.locator('main').getByText('You are not signed in.').waitFor()
    await page.getByLabel('Token or API key').fill('nonsense')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('The token that this tab had is not taken').waitFor()

    await page.getByLabel('Token or API key').fill(await token('Ann'))
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('button', { name: 'Account: Ann' }).waitFor()
    await page.reload()
    await tab.ask('How do I start Antiphon?')
    await tab.hasEnded()
  })

  it('takes a token that a sign-in page hands over in the address, and shows it to nobody', async () => {
    const { page, server } = tab
    const handed = await token('Ben')
    await page.goto(server.url)
    await page.locator('main').getByText('You are not signed in.').waitFor()
    await page.goto('about:blank')
    await page.goto(`${server.url}/#token=${handed}`)
    await page.getByRole('button', { name: 'Account: Ben' }).click()
    expect(page.url()).not.toContain(handed)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.locator('main').getByText('You are not signed in.').waitFor()
  })

  it('asks before a link signs in a tab that did not wait for it, or that has somebody already', async () => {
    const { page, server } = tab
    const [strangers, own] = [await token('Mallory'), await token('Ann')]
    await page.goto(`${server.url}/#token=${own}`)
    const dialog = page.getByRole('dialog', { name: 'Sign in with this link?' })
    await dialog.getByText('Now you are not signed in.').waitFor()
    expect(page.url()).not.toContain(own)
    await dialog.getByRole('button', { name: 'Sign in as Ann' }).click()
    await page.getByRole('button', { name: 'Account: Ann' }).waitFor()

    await page.evaluate((token) => {
      location.hash = `#token=${token}`
    }, strangers)
    await dialog.getByText('Now you are Ann.').waitFor()
    expect(page.url()).not.toContain(strangers)
    await dialog.getByText('Mallory can read what you write after that.').waitFor()
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    await page.reload()
    await page.getByRole('button', { name: 'Account: Ann' }).waitFor()
    expect(await dialog.count()).toBe(0)

    await page.goto('about:blank')
    await page.goto(`${server.url}/#token=expired`)
    await dialog.getByText('The server does not accept the token of this link.').waitFor()
    expect(await dialog.getByRole('button', { name: 'Sign in' }).isDisabled()).toBe(true)
  })

  it('takes a name in any script in development, and makes another tab somebody else', async () => {
    const { page, context } = tab
    const { url } = await startServer()
    await page.goto(url)
    await page.getByRole('button', { name: 'Account: dev' }).click()
    await page.getByLabel('Your name').fill('Zoë')
    await page.getByRole('button', { name: 'Switch' }).click()
    await page.getByRole('button', { name: 'Account: Zoë' }).click()
    await page.getByLabel('Your name').fill('bob')
    const opened = context.waitForEvent('page')
    await page.getByRole('button', { name: 'Open a tab as bob' }).click()
    const other = await opened
    await other.getByRole('button', { name: 'Account: bob' }).waitFor()
    await page.reload()
    await page.getByRole('button', { name: 'Account: Zoë' }).waitFor()
  })
})
