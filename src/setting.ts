import { z } from 'zod'

// Messages never repeat the value: it may be a key or hold a password.
export function setting<T>(takes: string, read: (text: string) => T | undefined) {
  return z.string().transform((text, context) => {
    const value = read(text.trim())
    if (value !== undefined) return value
    context.addIssue(`takes ${takes}`)
    return z.NEVER
  })
}

// The upper bound of durations is setTimeout's: above it a timer fires at once.
export const maxMs = 2 ** 31 - 1

export function whole(what: string, min: number, max: number) {
  return setting(`${what}, a whole number from ${min} to ${max}`, (text) => {
    const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
    return value >= min && value <= max ? value : undefined
  })
}

export function oneOf<const T extends string>(...words: T[]) {
  return setting(words.join(' or '), (text) => words.find((word) => word === text))
}

export function url(takes: string, schemes: string[]) {
  return setting(takes, (text) => (schemes.includes(parseUrl(withHost(text))?.protocol ?? '') ? text : undefined))
}

// Neither would go up: fetch refuses such a URL, and the upstreams are asked by host and path.
export const isOpen = ({ username, password }: URL) => username === '' && password === ''

export const httpUrl = setting('an http:// or https:// URL without a user or a password', (text) => {
  const parsed = parseUrl(text)
  return parsed && /^https?:$/.test(parsed.protocol) && isOpen(parsed) ? text : undefined
})
export const text = setting('a text', (value) => value)
// What a header can carry.
export const key = setting('a key without spaces', (value) => (/^[\x21-\x7e]+$/.test(value) ? value : undefined))

/** libpq's form for Unix sockets, postgres://me@/db?host=/run, has no host and is no URL by the standard. */
export function withHost(url: string): string {
  return url.replace('@/', '@socket/')
}

// URL.parse needs Node 22.
function parseUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined
}

export function origins(list: string): string[] | undefined {
  const entries = list.split(',').map((entry) => entry.trim())
  return entries.every((entry) => parseUrl(entry)?.origin === entry) ? entries : undefined
}
