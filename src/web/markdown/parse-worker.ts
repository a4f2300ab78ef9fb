import { parse } from './parse.ts'

/** Long texts are parsed in this thread, so that the page stays responsive. */
addEventListener('message', ({ data }: MessageEvent<{ id: number; text: string }>) => {
  postMessage({ id: data.id, root: parse(data.text) })
})
