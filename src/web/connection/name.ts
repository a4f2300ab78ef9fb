import { readStored, writeStored } from './stored.ts'

const nameKey = 'antiphon.name'

/** What a header can carry as a name, and an input can check. */
export const nameForm = /^[!-~]{1,64}$/

export function readName(): string {
  const name = readStored(nameKey)
  return nameForm.test(name) ? name : ''
}

export function writeName(name: string): void {
  writeStored(nameKey, name)
}

/** The development sign-in; without a name the server takes us for its default user. */
export function authorizationOf(name: string): string | null {
  return name === '' ? null : `Dev ${name}`
}
