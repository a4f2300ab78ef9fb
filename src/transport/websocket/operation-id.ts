/** Bytes of a message's beginning and end; what is in between is not looked at. */
const lookedAt = 1_024

/**
 * The id of an operation whose message is too large to be parsed; null where it does not stand before or after `payload`,
 * as clients write it.
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
