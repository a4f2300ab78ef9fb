import { createParser, type EventSourceMessage } from 'eventsource-parser'

export class EventTooLong extends Error {}

/**
 * Parses bytes, which may be cut anywhere, into events of at most `maxEventLength` characters. Its methods throw EventTooLong
 * and the errors of `onEvent`.
 */
export function createEventStream(onEvent: (event: EventSourceMessage) => void, maxEventLength: number) {
  const decoder = new TextDecoder()
  let foreignLines = 0
  let afterCarriageReturn = false
  const parser = createParser({
    maxBufferSize: maxEventLength,
    onEvent,
    onError({ type }) {
      if (type === 'unknown-field') foreignLines++
      if (type === 'max-buffer-size-exceeded') throw new EventTooLong()
    },
  })

  function feed(text: string) {
    if (text === '') return
    // The parser holds back a CR at the end of its input, which may be half of a CRLF, and with it the event that the CR ends.
    const rest = afterCarriageReturn && text.startsWith('\n') ? text.slice(1) : text
    afterCarriageReturn = text.endsWith('\r')
    parser.feed(afterCarriageReturn ? `${rest}\n` : rest)
  }

  return {
    read(bytes: Uint8Array): void {
      feed(decoder.decode(bytes, { stream: true }))
    },
    /**
     * Adds a blank line, because some servers leave it out after the last event. So the last event may be an incomplete one.
     */
    end(): void {
      feed(`${decoder.decode()}\n\n`)
    },
    /** Lines that are not part of the event stream format. If there are any, the body is something else. */
    foreignLines: () => foreignLines,
  }
}
