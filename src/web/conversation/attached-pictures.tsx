import { useRef } from 'react'
import { Icon } from '../frame/icon.tsx'

interface AttachedPicturesProps {
  pictures: readonly string[]
  remove: (at: number) => void
}

export function AttachedPictures({ pictures, remove }: AttachedPicturesProps) {
  if (pictures.length === 0) return null
  return (
    <ul className="pictures" aria-label="Attached pictures">
      {pictures.map((url, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a picture has no id, only its position
        <li key={index}>
          <img src={url} alt={`Attachment ${index + 1}`} />
          <button type="button" className="quiet" aria-label="Remove picture" onClick={() => remove(index)}>
            <Icon name="close" />
          </button>
        </li>
      ))}
    </ul>
  )
}

export function AttachButton({ onFiles }: { onFiles: (files: readonly File[]) => Promise<void> }) {
  const input = useRef<HTMLInputElement>(null)
  return (
    <>
      <input
        ref={input}
        type="file"
        accept="image/*"
        multiple
        hidden
        aria-label="Pictures"
        onChange={({ target }) => {
          void onFiles([...(target.files ?? [])])
          // The same file can be chosen again after it was removed.
          target.value = ''
        }}
      />
      <button
        type="button"
        className="quiet"
        aria-label="Attach a picture"
        title="Attach a picture (or paste or drop it)"
        onClick={() => input.current?.click()}
      >
        <Icon name="attach" />
      </button>
    </>
  )
}
