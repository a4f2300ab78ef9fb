import { useCallback, useState } from 'react'
import { maxPictures, readPicture } from './attachment.ts'

/** The pictures that will be sent with the next question. */
export function usePictures() {
  const [pictures, set] = useState<readonly string[]>([])
  const [problem, setProblem] = useState<string | null>(null)
  const add = useCallback(async (files: readonly File[]) => {
    const read = await Promise.all(files.slice(0, maxPictures).map(readPicture))
    const usable = read.filter((picture) => picture !== null)
    setProblem(
      usable.length < files.length ? `A question takes up to ${maxPictures} pictures, such as PNG or JPEG.` : null,
    )
    set((pictures) => [...pictures, ...usable].slice(0, maxPictures))
  }, [])
  const remove = useCallback((at: number) => set((pictures) => pictures.filter((_, index) => index !== at)), [])
  return { pictures, problem, add, remove, set }
}
