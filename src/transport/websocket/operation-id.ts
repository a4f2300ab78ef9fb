/** How many bytes at the beginning and at the end of a message are searched. */
const lookedAt = 1_024

/**
 * Finds the id of an operation whose message is too large to be parsed. Clients write the id before or after `payload`; null if
 * it is in neither place.
 */
export function operationIdIn(message: Buffer): string | null {
  const start = message.toString('utf8', 0, lookedAt)
  const beforePayload = start.slice(0, start.search(/,\s*"payload"\s*:/))
  const end = message.toString('utf8', message.length - lookedAt)
  const afterPayload = end.slice(end.lastIndexOf('}', end.lastIndexOf('}') - 1) + 1).replace(/^\s*,/, '{')
  return idOf(`${beforePayload}}`) ?? idOf(afterPayload)
}

function idOf(text: string): string | null {
  try {
    const { id } = JSON.parse(text)
    return typeof id === 'string' && id !== '' ? id : null
  } catch {
    return null
  }
}
