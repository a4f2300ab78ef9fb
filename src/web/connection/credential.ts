import { readOfTab, readStored, writeOfTab, writeStored } from './stored.ts'

const nameKey = 'antiphon.name'
const earlierNamesKey = 'antiphon.names'
const tokenKey = 'antiphon.token'
const maxHeaderName = 64
const maxEarlierNames = 5

/** The name for the development sign-in in this tab; empty for the server's default user. */
export function readName(): string {
  const name = readOfTab(nameKey) || readStored(nameKey)
  return isName(name) ? name : ''
}

/** Every tab that is opened from now on begins with this name. */
export function writeName(name: string): void {
  writeOfTab(nameKey, '')
  writeStored(nameKey, name)
  noteName(name)
}

/** The names that were used in this browser, the latest first. */
export function earlierNames(): string[] {
  return readStored(earlierNamesKey).split('\n').filter(isName)
}

function noteName(name: string): void {
  if (name === '') return
  const names = [name, ...earlierNames().filter((earlier) => earlier !== name)]
  writeStored(earlierNamesKey, names.slice(0, maxEarlierNames).join('\n'))
}

/** Whether the development sign-in can send this name. */
export function isName(name: string): boolean {
  const encoded = encodedName(name)
  return encoded !== null && encoded !== '' && encoded.length <= maxHeaderName
}

/**
 * A header can have only ASCII without spaces, so every other character is percent-encoded. Returns null for an invalid text.
 */
function encodedName(name: string): string | null {
  try {
    return name.replace(/[^!-$&-~]/gu, encodeURIComponent)
  } catch {
    return null
  }
}

export function readToken(): string {
  return readOfTab(tokenKey)
}

/** A token is stored for this tab only, so that another person who uses this browser later does not find it. */
export function writeToken(token: string): void {
  writeOfTab(tokenKey, token)
  writeOfTab(returnKey, '')
}

/** The Authorization header; null if there is none. */
export function readAuthorization(): string | null {
  const token = readToken()
  if (token !== '') return `Bearer ${token}`
  const name = readName()
  return name === '' ? null : `Dev ${encodedName(name)}`
}

const nameInSearch = 'as'
const tokenForm = /^#token=([\w.~+/=-]+)$/

export function hasTokenInAddress(): boolean {
  return tokenForm.test(location.hash)
}

/**
 * Reads the credential from the address, and removes it from there: `#token=...` comes from an operator's sign-in page, and
 * `?as=name` opens a tab as another person in development. A token for which this tab did not wait can be a stranger's, so it
 * is not used but returned.
 */
export function adoptCredential(): string | null {
  const address = new URL(location.href)
  const token = tokenForm.exec(address.hash)?.[1] ?? null
  const name = address.searchParams.get(nameInSearch)
  if (token === null && name === null) return null
  const place = readOfTab(returnKey)
  if (token !== null) {
    address.hash = place
    if (place !== '') writeToken(token)
  }
  if (name !== null && isName(name)) {
    writeOfTab(nameKey, name)
    noteName(name)
  }
  address.searchParams.delete(nameInSearch)
  history.replaceState(null, '', address)
  return place === '' ? token : null
}

const returnKey = 'antiphon.return'

/**
 * Notes that this tab waits for a sign-in, and the place to which it returns after an operator's sign-in page, which does not
 * keep the fragment.
 */
export function notePlace(): void {
  writeOfTab(returnKey, location.hash || '#/')
}

/** The address that opens this page as another person. */
export function addressAs(name: string): string {
  return `/?${new URLSearchParams({ [nameInSearch]: name })}`
}
