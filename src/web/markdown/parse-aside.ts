import type { Root } from 'hast'

interface Parsed {
  id: number
  root: Root
}

let worker: Worker | undefined
let lastId = 0
const waiting = new Map<number, (root: Root) => void>()

/** Parses beside the page, in a thread that is started for the first long text. */
export function parseAside(text: string): Promise<Root> {
  worker ??= startWorker()
  lastId += 1
  const id = lastId
  worker.postMessage({ id, text })
  return new Promise((resolve) => waiting.set(id, resolve))
}

function startWorker(): Worker {
  const started = new Worker(new URL('./parse-worker.ts', import.meta.url), { type: 'module' })
  started.addEventListener('message', ({ data }: MessageEvent<Parsed>) => {
    waiting.get(data.id)?.(data.root)
    waiting.delete(data.id)
  })
  return started
}
