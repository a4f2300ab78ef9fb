import type { Root } from 'hast'
import { parse } from './parse.ts'

interface Parsed {
  id: number
  root: Root
}

interface Waiting {
  text: string
  resolve: (root: Root) => void
}

let worker: Worker | undefined
let isBroken = false
let lastId = 0
const waiting = new Map<number, Waiting>()

/** Parses beside the page, in a thread that is started for the first long text; on the page where that thread fails. */
export function parseAside(text: string): Promise<Root> {
  if (isBroken) return Promise.resolve(parse(text))
  worker ??= startWorker()
  lastId += 1
  const id = lastId
  worker.postMessage({ id, text })
  return new Promise((resolve) => waiting.set(id, { text, resolve }))
}

function startWorker(): Worker {
  const started = new Worker(new URL('./parse-worker.ts', import.meta.url), { type: 'module' })
  started.addEventListener('message', ({ data }: MessageEvent<Parsed>) => {
    waiting.get(data.id)?.resolve(data.root)
    waiting.delete(data.id)
  })
  started.addEventListener('error', () => {
    isBroken = true
    for (const { text, resolve } of waiting.values()) resolve(parse(text))
    waiting.clear()
  })
  return started
}
