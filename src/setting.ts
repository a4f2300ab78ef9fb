import { isIPv4 } from 'node:net'
import { distance } from 'fastest-levenshtein'
import { z } from 'zod'

// Messages never repeat the value: it may be a key or contain a password.
export function setting<T>(takes: string, read: (text: string) => T | undefined) {
  return z.string().transform((text, context) => {
    const value = read(text.trim())
    if (value !== undefined) return value
    context.addIssue(`takes ${takes}`)
    return z.NEVER
  })
}

// The maximum of a duration is that of setTimeout: with a larger one, a timer fires at once.
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

// A user or a password would not be sent: fetch refuses such a URL, and requests to upstreams use only the host and the path.
export const isOpen = ({ username, password }: URL) => username === '' && password === ''

export const httpUrl = setting('an http:// or https:// URL without a user or a password', (text) => {
  const parsed = parseUrl(text)
  return parsed && /^https?:$/.test(parsed.protocol) && isOpen(parsed) ? text : undefined
})

/** Many programs accept the address of a proxy without its scheme. */
export const proxyUrl = setting('the http:// or https:// URL of a proxy', (given) => {
  const parsed = parseUrl(given.includes('://') ? given : `http://${given}`)
  return parsed && /^https?:$/.test(parsed.protocol) ? parsed.href : undefined
})
export const text = setting('a text', (value) => value)
// A key has only characters that a header can contain.
export const key = setting('a key without spaces', (value) => (/^[\x21-\x7e]+$/.test(value) ? value : undefined))

/**
 * Adds a host to libpq's form for Unix sockets, postgres://me@/db?host=/run, which has none and is not a URL by the standard.
 */
export function withHost(url: string): string {
  return url.replace('@/', '@socket/')
}

// URL.parse requires Node 22.
function parseUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined
}

export function origins(list: string): string[] | undefined {
  const entries = list.split(',').map((entry) => entry.trim())
  return entries.every((entry) => parseUrl(entry)?.origin === entry) ? entries : undefined
}

const ownPrefixes =
  /^(AUTH|LIMIT|UPSTREAMS?|TRUSTED_DOCUMENTS|ALLOWED_ORIGINS?|DEFAULT_MODEL|DRAIN|LEASE|FLUSH|STREAM_RETENTION)(_|$)/
// Other programs have variables with similar names, so a similar name in the environment of the process proves nothing.
const commonNames = ['HOST', 'PORT', 'DATA_DIR', 'LOG_LEVEL', 'NODE_ENV', 'HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY']
// Other programs read these variables, too. This one reads the names of proxies in small letters and in capitals.
const foreignNames = /^(NODE_|VITE_|OTEL_|https?_proxy$|no_proxy$)/

/** Whether a name that is not a setting is a mistake for one; `meant` is the unset setting that it resembles. */
export function isRefused(name: string, value: string, found: { inFile: boolean; meant: string | null }): boolean {
  if (foreignNames.test(name) || isOfKubernetes(name, value)) return false
  const resembles = found.meant !== null && !commonNames.includes(found.meant)
  return found.inFile || resembles || ownPrefixes.test(name)
}

/**
 * Kubernetes gives every container variables about each service, such as AUTH_SERVICE_HOST and AUTH_PORT=tcp://10.0.0.1:80 for
 * a service named auth. https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
 */
function isOfKubernetes(name: string, value: string): boolean {
  if (name.endsWith('_SERVICE_HOST') || /_SERVICE_PORT(_|$)/.test(name)) return true
  if (/_PORT_\d{1,5}_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/.test(name)) return true
  return name.endsWith('_PORT') && /^(tcp|udp|sctp):\/\//.test(value)
}

/** Whether one character is missing, extra or wrong, or two are swapped. */
export function isOneSlip(name: string, other: string): boolean {
  const edits = distance(name, other)
  return edits === 1 || (edits === 2 && [...name].sort().join() === [...other].sort().join())
}

export const limits = {
  LIMIT_REQUESTS_PER_MINUTE: whole('requests', 1, 1e9).default(120).describe('per user'),
  LIMIT_COST: whole('a cost', 1, 1e9).default(50_000).describe('of one operation, or of one event of a subscription'),
  LIMIT_STREAMS_PER_USER: whole('streams', 1, 1e9).default(50).describe('open at once, per user'),
  LIMIT_SOCKETS: whole('WebSockets', 1, 1e9).default(10_000).describe('open at once'),
  LIMIT_SOCKETS_PER_USER: whole('WebSockets', 1, 1e9).default(200).describe('open at once, per user'),
  LIMIT_SOCKETS_PER_ADDRESS: whole('WebSockets', 1, 1e9)
    .default(1_000)
    .describe('open at once, per address of a client but loopback; an IPv6 network of 64 bits counts as one'),
  LIMIT_ANSWER_BYTES: whole('bytes', 1, 1e9)
    .default(8 * 1024 * 1024)
    .describe("what an upstream's answer may hold: text, tool calls and log probabilities of all choices together"),
}

/** Other programs read these names in small letters first, and so does this one. */
export function withProxyNames(env: Record<string, string | undefined>): Record<string, string | undefined> {
  const named = { ...env }
  for (const name of ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY']) {
    const value = env[name.toLowerCase()] ?? env[name]
    if (value) named[name] = value
  }
  return named
}

export function firstProblem(error: z.ZodError): string {
  return (error.issues[0]?.message ?? 'malformed').replaceAll('\n', ' ')
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'))
}

export const notYet: Record<string, string> = {
  TRUSTED_DOCUMENTS: 'this version has no list of trusted documents yet',
  LIMIT_TOKENS_PER_DAY: 'this version does not limit tokens yet',
}

/** Platforms set these for all programs, so they do not prevent the start. */
export const ignored: Record<string, string> = {
  OTEL_EXPORTER_OTLP_ENDPOINT: 'is ignored: this version does not export traces yet',
}
