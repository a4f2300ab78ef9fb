/** The maximum length of one picture. A request may have 1 MiB, and all pictures of a question together have less. */
const maxPictureCharacters = 280_000
const maxSidePx = 1_280
const qualities = [0.85, 0.7, 0.5, 0.3]

export const maxPictures = 3

/** Returns a picture as a data: URL that is small enough to be sent; null if the file is not a picture. */
export async function readPicture(file: File): Promise<string | null> {
  const bitmap = await createImageBitmap(file).catch(() => null)
  if (bitmap === null) return null
  for (const scale of [1, 0.6, 0.35]) {
    const canvas = drawn(bitmap, scale)
    for (const quality of qualities) {
      const url = canvas.toDataURL('image/jpeg', quality)
      if (url.length <= maxPictureCharacters) return url
    }
  }
  return null
}

function drawn(bitmap: ImageBitmap, scale: number): HTMLCanvasElement {
  const fit = Math.min(1, maxSidePx / Math.max(bitmap.width, bitmap.height)) * scale
  const canvas = document.createElement('canvas')
  canvas.width = Math.max(1, Math.round(bitmap.width * fit))
  canvas.height = Math.max(1, Math.round(bitmap.height * fit))
  const context = canvas.getContext('2d')
  if (context === null) return canvas
  // JPEG has no transparency.
  context.fillStyle = 'white'
  context.fillRect(0, 0, canvas.width, canvas.height)
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height)
  return canvas
}

export function picturesIn(data: DataTransfer | null): File[] {
  return [...(data?.files ?? [])].filter(({ type }) => type.startsWith('image/'))
}
