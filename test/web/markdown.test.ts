import { describe, expect, it } from 'vitest'
import { answersOf, browserTitle, isBrowserMissing, useBrowser } from '../harness/browser.ts'
import { chunks, done, finish, type ScriptedUpstream, startScriptedUpstream, usage } from '../harness/upstream.ts'

describe.skipIf(isBrowserMissing)(browserTitle('the text of an answer on the page'), () => {
  let upstream: ScriptedUpstream
  const tab = useBrowser(async () => {
    upstream = await startScriptedUpstream()
    return { OPENAI_BASE_URL: upstream.baseUrl }
  })

  async function show(name: string, ...pieces: string[]) {
    upstream.reply(...chunks(...pieces), finish('stop'), usage(9, 2), done())
    if (tab.page.url() === 'about:blank') await tab.open(name)
    const earlier = await answersOf(tab.page).count()
    await tab.ask('Show it', 'test-model')
    await answersOf(tab.page).nth(earlier).waitFor()
    await tab.hasEnded()
    return answersOf(tab.page).nth(earlier)
  }

  it('has math in each of its forms, and prices as they are', async () => {
    const answer = await show('ann', 'So \\(a^2\\), $b^2$ and\n\n\\[c^2\\]\n\nfor $5 and $6, not `\\(code\\)`.')
    await expect.poll(() => answer.locator('.katex').count()).toBe(3)
    const text = await answer.innerText()
    expect(text).toContain('for $5 and $6')
    expect(text).toContain('\\(code\\)')
  })

  it('has footnotes and links that open no second copy of the page, and labelled tasks', async () => {
    const answer = await show('ben', 'A[^1] and [b](javascript:alert(1)).\n\n- [x] done\n\n[^1]: The note.')
    const { href } = new URL(tab.page.url())
    await answer.getByRole('link', { name: '1', exact: true }).click()
    expect(tab.page.url()).toBe(href)
    expect(tab.context.pages()).toHaveLength(1)
    expect(await answer.getByRole('link', { name: 'b', exact: true }).count()).toBe(0)
    await answer.getByRole('checkbox', { name: 'Done' }).waitFor()
  })

  it('has code in colours with its language and a button that copies it', async () => {
    await tab.context.grantPermissions(['clipboard-read', 'clipboard-write'])
    const answer = await show('cem', '```ts\nconst a = 1\n```')
    await answer.locator('.hljs-keyword').waitFor()
    await answer.locator('figcaption').getByText('ts').waitFor()
    await answer.getByRole('button', { name: 'Copy code' }).click()
    await answer.getByRole('button', { name: 'Copied' }).waitFor()
    expect(await tab.page.evaluate(() => navigator.clipboard.readText())).toBe('const a = 1')
  })

  it('shows JSON as code, HTML as text, and Arabic from right to left', async () => {
    const json = await show('dan', '{"a": [1]}')
    expect(await json.locator('figcaption').innerText()).toBe('json')
    const html = await show('dan', '<b>bold</b> مرحبا')
    expect(await html.innerText()).toContain('<b>bold</b>')
    const arabic = await show('dan', 'مرحبا بالعالم')
    const direction = await arabic.locator('p[dir=auto]').evaluate((element) => getComputedStyle(element).direction)
    expect(direction).toBe('rtl')
  })

  it.each([
    ['a list', Array.from({ length: 400 }, (_, index) => `- item ${index} with *some* \`words\` in it\n`)],
    ['brackets', Array.from({ length: 40 }, () => '['.repeat(500))],
    ['emphasis', Array.from({ length: 400 }, () => '*a **b** c* [d](https://e.example) `f` _g_ '.slice(0, 50))],
    ['math', Array.from({ length: 400 }, () => '\\(x_1\\) and $y$ with words to fill it up all the way\n')],
  ])('is formatted where %s of 20,000 characters comes, and the longest task is told', async (what, pieces) => {
    await tab.page.addInitScript(() => {
      const tasks: number[] = []
      Object.assign(window, { tasks })
      new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({
        type: 'longtask',
      })
    })
    await show('eve', ...pieces)
    const tasks = await tab.page.evaluate(() => (window as unknown as { tasks: number[] }).tasks)
    console.info(`the longest task with ${what}: ${Math.round(Math.max(0, ...tasks))} ms`)
  })

  it('stays plain where its parser would take too long', async () => {
    upstream.reply(
      ...chunks(...Array.from({ length: 40 }, () => '> '.repeat(250))),
      finish('stop'),
      usage(9, 2),
      done(),
    )
    await tab.open('fay')
    await tab.ask('Show it', 'test-model')
    await tab.answer().locator('.cost').waitFor()
    await tab.answer().getByText('> > > >').first().waitFor()
    const code = await show('fay', '```ts\nconst a = 1\n```')
    await code.locator('.hljs-keyword').waitFor()
  })
})
