import { useEffect, useState } from 'react'
import { Icon } from './icon.tsx'

interface CopyButtonProps {
  text: string
  label: string
  /** The text of the button, if it has more than an icon. */
  children?: string
}

const noticeMs = 1_600

export function CopyButton({ text, label, children }: CopyButtonProps) {
  const [isCopied, setCopied] = useState(false)
  useEffect(() => {
    if (!isCopied) return
    const timer = setTimeout(() => setCopied(false), noticeMs)
    return () => clearTimeout(timer)
  }, [isCopied])

  return (
    <button
      type="button"
      className="quiet copy"
      aria-label={isCopied ? 'Copied' : label}
      title={label}
      onClick={() => void copy(text).then(setCopied)}
    >
      <Icon name={isCopied ? 'check' : 'copy'} />
      {children !== undefined && (isCopied ? 'Copied' : children)}
    </button>
  )
}

/** Over plain HTTP from another machine browsers offer no clipboard, but the older command still works. */
async function copy(text: string): Promise<boolean> {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text)
    return true
  }
  const box = document.createElement('textarea')
  box.value = text
  document.body.append(box)
  box.select()
  const isDone = document.execCommand('copy')
  box.remove()
  return isDone
}
