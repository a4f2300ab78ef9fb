import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises'
import { type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { buildSchema } from 'graphql'
import { describe, expect, onTestFinished, test } from 'vitest'
import { execute } from '../harness/client.ts'
import { openDoor, secret } from '../harness/door.ts'
import { upgrade } from '../harness/websocket-client.ts'

async function builtPage(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'antiphon-page-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await mkdir(join(folder, 'assets'))
  await writeFile(join(folder, 'index.html'), '<!doctype html><title>Antiphon</title>')
  await writeFile(join(folder, 'assets', 'index-1a2b3c.js'), 'export {}')
  return folder
}

describe('the page', () => {
  test('is served, to be asked for again each time', async () => {
    const { url } = await openDoor({ pageFolder: await builtPage() })
    const response = await fetch(url)
    expect(response.headers.get('content-type')).toMatch(/^text\/html/)
    expect(response.headers.get('cache-control')).toBe('no-cache')
    expect(response.headers.get('content-security-policy')).toContain("default-src 'self'")
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(await response.text()).toContain('<title>Antiphon</title>')
  })

  test('has assets that a browser keeps for good', async () => {
    const { url } = await openDoor({ pageFolder: await builtPage() })
    const response = await fetch(`${url}/assets/index-1a2b3c.js`)
    expect(response.headers.get('content-type')).toMatch(/javascript/)
    expect(response.headers.get('cache-control')).toContain('immutable')
  })

  test.each(['bytes=5-2', 'bytes=0-99999999999999999999', 'bytes=-5', 'bytes=', 'apples=1-2'])(
    'is given whole to whoever asks for the range %s',
    async (range) => {
      const { url } = await openDoor({ pageFolder: await builtPage() })
      const response = await fetch(url, { headers: { range } })
      expect(response.status).toBe(200)
      expect(await response.text()).toBe('<!doctype html><title>Antiphon</title>')
    },
  )

  test('is not there any more when it was taken away', async () => {
    const folder = await builtPage()
    const { url } = await openDoor({ pageFolder: folder })
    await rm(join(folder, 'assets', 'index-1a2b3c.js'))
    expect((await fetch(`${url}/assets/index-1a2b3c.js`)).status).toBe(404)
  })

  // Elsewhere there is no list of what a process has open.
  test.runIf(process.platform === 'linux')('has no file open for who went away in the middle of it', async () => {
    const folder = await builtPage()
    await writeFile(join(folder, 'assets', 'large.js'), Buffer.alloc(20_000_000))
    const { url } = await openDoor({ pageFolder: folder })
    async function openFiles() {
      const links = await Promise.all((await readdir('/proc/self/fd')).map(linkTo))
      return links.filter((path) => path.startsWith(folder)).length
    }
    const linkTo = (fd: string) => readlink(join('/proc/self/fd', fd)).catch(() => '')
    const leaving = Array.from({ length: 10 }, async () => {
      const response = await fetch(`${url}/assets/large.js`)
      return () => response.body?.cancel()
    })
    const leave = await Promise.all(leaving)
    expect(await openFiles()).toBe(10)
    for (const goAway of leave) await goAway()
    await expect.poll(openFiles).toBe(0)
  })

  test('says how to build it where it was not built', async () => {
    const { url } = await openDoor()
    const response = await fetch(url)
    expect(response.status).toBe(503)
    expect(await response.text()).toContain('npm run build')
  })

  test.each([
    '/../package.json',
    '/..%2fpackage.json',
    '/%2e%2e/package.json',
    '/assets/../../package.json',
    '/%00',
    '/%',
  ])('gives nothing away at %s', async (path) => {
    const { url } = await openDoor({ pageFolder: await builtPage() })
    const response = await fetch(url + path)
    expect(response.status).toBe(404)
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'NOT_FOUND' } }] })
  })
})

describe('GraphiQL', () => {
  const browser = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }

  test('greets a browser, and asks nothing of other hosts', async () => {
    const { url } = await openDoor()
    const response = await fetch(`${url}/graphql`, { headers: browser })
    const page = await response.text()
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(page).toContain('<title>Antiphon</title>')
    expect(page).toContain('completionStream')
    expect(page).not.toMatch(/<(script|link|img)[^>]+(src|href)="https?:/)
  })

  test('comes compressed, and not again while it is the same', async () => {
    const { url } = await openDoor()
    const response = await fetch(`${url}/graphql`, { headers: { ...browser, 'accept-encoding': 'gzip' } })
    expect(response.headers.get('content-encoding')).toBe('gzip')
    expect(await response.text()).toContain('<title>Antiphon</title>')
    const etag = response.headers.get('etag') ?? ''
    const again = await fetch(`${url}/graphql`, { headers: { ...browser, 'if-none-match': etag } })
    expect(again.status).toBe(304)
  })

  test('does not stand in the way of programs', async () => {
    const { url } = await openDoor()
    const response = await fetch(`${url}/graphql?query={viewer{name}}`)
    expect(await response.json()).toEqual({ data: { viewer: { name: 'dev' } } })
  })
})

test('the schema is there as text', async () => {
  const { url } = await openDoor()
  const response = await fetch(`${url}/schema.graphql`)
  expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8')
  expect(buildSchema(await response.text()).getQueryType()?.name).toBe('Query')
})

describe('readiness', () => {
  test('lists what was checked', async () => {
    const { url } = await openDoor({ checks: async () => ({ database: null, migrations: null }) })
    const response = await fetch(`${url}/readyz`)
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ ok: true, checks: { database: 'ok', migrations: 'ok', draining: 'ok' } })
  })

  test('is 503 with the reason while the server lives', async () => {
    const { url } = await openDoor({ checks: async () => ({ database: 'no connection', migrations: null }) })
    const ready = await fetch(`${url}/readyz`)
    expect(ready.status).toBe(503)
    expect(await ready.json()).toMatchObject({ ok: false, checks: { database: 'no connection', migrations: 'ok' } })
    expect((await fetch(`${url}/livez`)).status).toBe(200)
  })

  test('is found out once, however many ask within a second', async () => {
    let checks = 0
    const { url } = await openDoor({
      async checks() {
        checks += 1
        return { database: null }
      },
    })
    const replies = await Promise.all(Array.from({ length: 50 }, () => fetch(`${url}/readyz`)))
    expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 200))
    // A busy machine may need more than a second for the fifty.
    expect(checks).toBeLessThan(5)
  })

  test('is 503 when a check hangs', async () => {
    const { url } = await openDoor({ checks: () => new Promise(() => {}) })
    expect((await fetch(`${url}/readyz`)).status).toBe(503)
  })

  test('is 500 without a detail when a check breaks', async () => {
    const { url, log } = await openDoor({ checks: () => Promise.reject(new Error(secret)) })
    const response = await fetch(`${url}/readyz`)
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain(secret)
    expect(log.join()).toContain(secret)
  })

  test('ends with the drain, and nothing new is taken', async () => {
    const { url, server } = await openDoor()
    server.drain()
    const ready = await fetch(`${url}/readyz`)
    expect(ready.status).toBe(503)
    expect(await ready.json()).toMatchObject({ checks: { database: 'ok', draining: 'the server is stopping' } })
    const { status, errors } = await execute(url, '{ viewer { name } }')
    expect([status, errors?.[0]?.extensions?.['code']]).toEqual([503, 'UNAVAILABLE'])
    expect((await fetch(`${url}/livez`)).status).toBe(200)
  })
})

describe('a request to the wrong door', () => {
  test.each([
    ['GET', '/nothing', 404, null],
    ['GET', '/graphql/', 404, null],
    ['GET', '/constructor', 404, null],
    ['POST', '/', 405, 'GET, HEAD'],
    ['DELETE', '/graphql', 405, 'GET, POST, OPTIONS'],
    ['PUT', '/readyz', 405, 'GET, HEAD'],
    ['POST', '/schema.graphql', 405, 'GET, HEAD'],
  ])('%s %s is answered with %i', async (method, path, status, allow) => {
    const { url } = await openDoor()
    const response = await fetch(url + path, { method })
    expect([response.status, response.headers.get('allow')]).toEqual([status, allow])
    expect(await response.json()).toHaveProperty('errors')
  })
})

test.each(['[', 'a b', 'x:99999', 'x/?'])('the Host header %j is of no consequence', async (host) => {
  const { url } = await openDoor()
  const answer = await askAs(host, `${url}/graphql?query={viewer{name}}`)
  expect(JSON.parse(await text(answer))).toEqual({ data: { viewer: { name: 'dev' } } })
})

describe('a name that anybody can make lead here', () => {
  const paths = ['/', '/graphql', '/schema.graphql', '/readyz']

  test.each(['evil.example', 'evil.example:4000', '127.0.0.1.evil.example', 'localhost.evil.example', 'localhost.'])(
    '%s opens no door, whatever the origin says',
    async (host) => {
      const { url } = await openDoor()
      for (const path of paths) {
        const answer = await askAs(host, url + path)
        expect(answer.statusCode).toBe(403)
        expect(JSON.parse(await text(answer))).toMatchObject({
          errors: [{ message: expect.stringContaining('AUTH_DEV=allow'), extensions: { code: 'FORBIDDEN' } }],
        })
      }
      expect(await upgrade(`${url}/graphql`, { host, origin: `http://${host}` })).toBe(403)
    },
  )

  test.each([
    'localhost:1',
    'app.localhost',
    '127.0.0.1',
    '192.168.1.7:4000',
    '[::1]:4000',
    'laptop',
    'friend.example:81',
  ])('%s is none', async (host) => {
    const { url } = await openDoor({ allowedOrigins: ['https://friend.example'] })
    expect((await askAs(host, `${url}/schema.graphql`)).statusCode).toBe(200)
    expect(await upgrade(`${url}/graphql`, { host, origin: `http://${host}` })).toBe(101)
  })

  test('does so where AUTH_DEV=allow', async () => {
    const { url } = await openDoor({ anyHost: true })
    expect((await askAs('chat.example', `${url}/schema.graphql`)).statusCode).toBe(200)
  })
})

// Not by fetch, which sets the host by itself.
async function askAs(host: string, url: string): Promise<IncomingMessage> {
  const asked = request(url, { headers: { host } }).end()
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  return answer
}
