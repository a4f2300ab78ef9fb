// A browser that keeps nothing (private windows, a full disk) throws on touch: the page then forgets, and works.

/** What is kept in this browser, for all its tabs. */
export function readStored(key: string): string {
  return read(() => localStorage, key)
}

export function writeStored(key: string, value: string): void {
  write(() => localStorage, key, value)
}

/** What is kept for this tab, until it is closed. */
export function readOfTab(key: string): string {
  return read(() => sessionStorage, key)
}

export function writeOfTab(key: string, value: string): void {
  write(() => sessionStorage, key, value)
}

function read(storage: () => Storage, key: string): string {
  try {
    return storage().getItem(key) ?? ''
  } catch {
    return ''
  }
}

function write(storage: () => Storage, key: string, value: string): void {
  try {
    if (value === '') storage().removeItem(key)
    else storage().setItem(key, value)
  } catch {}
}
