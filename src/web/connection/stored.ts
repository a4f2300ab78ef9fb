// A browser that stores nothing (in a private window, or on a full disk) throws an error. The page then works without stored
// values.

/** Reads a value that is stored in this browser, for all its tabs. */
export function readStored(key: string): string {
  return read(() => localStorage, key)
}

export function writeStored(key: string, value: string): void {
  write(() => localStorage, key, value)
}

/** Reads a value that is stored for this tab, until the tab is closed. */
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
