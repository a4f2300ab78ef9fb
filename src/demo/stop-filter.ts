import { StringDecoder } from 'node:string_decoder'

export interface Release<Mark> {
  text: string
  marks: Mark[]
}

export interface StopFilter<Mark> {
  push(bytes: Buffer, mark: Mark): Release<Mark>
  /** Releases the text that was held back, because it has turned out not to be a stop sequence. */
  end(): Release<Mark>
  stopped(): boolean
}

/**
 * Releases text as soon as it is certain to be part of the answer: whole characters only, and nothing that may still turn out
 * to be the beginning of a stop sequence. The mark of each token is released with the last of its text.
 */
export function createStopFilter<Mark>(stops: readonly string[]): StopFilter<Mark> {
  const decoder = new StringDecoder('utf8')
  let held = ''
  let stopped = false
  let queue: { mark: Mark; begin: number; end: number }[] = []

  function release(length: number, isDue: (entry: { begin: number; end: number }) => boolean): Release<Mark> {
    const text = held.slice(0, length)
    const marks = queue.filter(isDue).map(({ mark }) => mark)
    queue = queue
      .filter((entry) => !isDue(entry))
      .map(({ mark, begin, end }) => ({ mark, begin: begin - length, end: end - length }))
    held = held.slice(length)
    return { text, marks }
  }

  return {
    push(bytes, mark) {
      const begin = held.length
      held += decoder.write(bytes)
      queue.push({ mark, begin, end: held.length })
      const found = stops.map((stop) => held.indexOf(stop)).filter((at) => at >= 0)
      if (found.length > 0) {
        stopped = true
        const at = Math.min(...found)
        return release(at, (entry) => entry.begin < at)
      }
      const free = held.length - Math.max(0, ...stops.map((stop) => overlap(held, stop)))
      return release(free, (entry) => entry.end <= free)
    },
    end: () => (stopped ? { text: '', marks: [] } : release(held.length, () => true)),
    stopped: () => stopped,
  }
}

/** Returns how many characters at the end of the text are the beginning of the stop sequence. */
function overlap(text: string, stop: string): number {
  for (let length = Math.min(text.length, stop.length - 1); length > 0; length--) {
    if (text.endsWith(stop.slice(0, length))) return length
  }
  return 0
}
