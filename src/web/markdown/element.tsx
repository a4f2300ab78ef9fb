import type { ComponentProps, MouseEvent } from 'react'

export function Link({ href, children, id, 'aria-label': label }: ComponentProps<'a'>) {
  if (href === undefined) return <span>{children}</span>
  if (href.startsWith('#')) return <Footnote {...{ href, id, label }}>{children}</Footnote>
  return (
    <a href={href} target="_blank" rel="noopener noreferrer">
      {children}
    </a>
  )
}

interface FootnoteProps extends Pick<ComponentProps<'a'>, 'href' | 'id' | 'children'> {
  label: string | undefined
}

/** The fragment of the page's address names the conversation, so a footnote is shown without changing it. */
function Footnote({ href = '', id, label, children }: FootnoteProps) {
  function show(event: MouseEvent<HTMLElement>) {
    event.preventDefault()
    const prose = event.currentTarget.closest('.prose')
    const target = prose?.querySelector<HTMLElement>(`[id="${CSS.escape(decodeURIComponent(href.slice(1)))}"]`)
    target?.scrollIntoView({ block: 'center' })
    target?.focus()
  }
  return (
    <a id={id} href={href} aria-label={label} onClick={show}>
      {children}
    </a>
  )
}

/** A picture of another host would tell that host who reads the answer, so it is shown as a link. */
export function ImageLink({ src, alt }: ComponentProps<'img'>) {
  const isSafe = typeof src === 'string' && /^https?:/i.test(src)
  return <Link href={isSafe ? src : undefined}>{alt || 'Picture'}</Link>
}

export function Checkbox({ checked }: ComponentProps<'input'>) {
  return <input type="checkbox" checked={checked ?? false} disabled aria-label={checked ? 'Done' : 'To do'} />
}

export function Table({ children }: ComponentProps<'table'>) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <div className="table" tabIndex={0}>
      <table>{children}</table>
    </div>
  )
}
