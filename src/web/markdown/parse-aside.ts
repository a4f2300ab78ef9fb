import type { Root } from 'hast'
import { parse } from './parse.ts'

interface Parsed {
  id: number
  root: Root
}

interface Waiting {
  id: number
  text: string
  resolve: (root: Root) => void
}

/** The maximum time for one text. If a text is deeply nested, the time of the parser grows with the square of its length. */
const deadlineMs = 10_000

let worker: Worker | undefined
let isBroken = false
let lastId = 0
let timer: ReturnType<typeof setTimeout> | undefined
// The requests are in the order in which the worker answers them.
const waiting: Waiting[] = []

/**
 * Parses a text in a separate thread, which is started for the first long text. If that thread fails, it is parsed in the
 * thread of the page. A text that takes too long stays plain.
 */
export function parseAside(text: string): Promise<Root> {
  if (isBroken) return Promise.resolve(parse(text))
  lastId += 1
  const id = lastId
  return new Promise((resolve) => {
    waiting.push({ id, text, resolve })
    worker ??= startWorker()
    worker.postMessage({ id, text })
    timer ??= setTimeout(giveUp, deadlineMs)
  })
}

function startWorker(): Worker {
  const started = new Worker(new URL('./parse-worker.ts', import.meta.url), { type: 'module' })
  started.addEventListener('message', ({ data }: MessageEvent<Parsed>) => {
    const [first] = waiting
    if (first?.id !== data.id) return
    waiting.shift()
    first.resolve(data.root)
    restartTimer()
  })
  started.addEventListener('error', () => {
    isBroken = true
    for (const { text, resolve } of waiting.splice(0)) resolve(parse(text))
    restartTimer()
  })
  return started
}

/** The text that the worker is parsing stays plain. A new worker parses the texts after it. */
function giveUp() {
  worker?.terminate()
  worker = undefined
  const first = waiting.shift()
  first?.resolve(plain(first.text))
  if (waiting.length > 0) {
    worker = startWorker()
    for (const { id, text } of waiting) worker.postMessage({ id, text })
  }
  restartTimer()
}

function restartTimer() {
  clearTimeout(timer)
  timer = waiting.length > 0 ? setTimeout(giveUp, deadlineMs) : undefined
}

function plain(text: string): Root {
  const paragraph = {
    type: 'element' as const,
    tagName: 'p',
    properties: {},
    children: [{ type: 'text' as const, value: text }],
  }
  return { type: 'root', children: [paragraph] }
}
