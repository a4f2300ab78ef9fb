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
    await page.goto(`${server.url}/#token=${handed}`)
    await page.getByRole('button', { name: 'Account: Ben' }).click()
    expect(page.url()).not.toContain(handed)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.locator('main').getByText('You are not signed in.').waitFor()
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
