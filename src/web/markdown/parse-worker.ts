import { parse } from './parse.ts'

/** A long text is parsed here, where it keeps nobody from typing. */
addEventListener('message', ({ data }: MessageEvent<{ id: number; text: string }>) => {
  postMessage({ id: data.id, root: parse(data.text) })
})
