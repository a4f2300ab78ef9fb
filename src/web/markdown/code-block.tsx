import { type ComponentProps, isValidElement, type ReactNode, useEffect, useState } from 'react'
import { CopyButton } from '../frame/copy-button.tsx'
import { Formula } from './formula.tsx'
import { highlight } from './highlight.tsx'

/** The content of a fence: code in a language, or displayed math. */
export function CodeBlock({ children }: ComponentProps<'pre'>) {
  const { className, text } = codeIn(children)
  if (/\bmath-display\b/.test(className)) return <Formula tex={text} isDisplayed />
  const language = /\blanguage-(\S+)/.exec(className)?.[1] ?? ''
  return <Code text={text} language={language} />
}

export function InlineCode({ className = '', children }: ComponentProps<'code'>) {
  if (/\bmath-inline\b/.test(className)) return <Formula tex={textOf(children)} isDisplayed={false} />
  return <code className={className}>{children}</code>
}

interface CodeProps {
  text: string
  language: string
}

export function Code({ text, language }: CodeProps) {
  return (
    <figure className="code">
      <figcaption>
        <span>{language || 'text'}</span>
        <CopyButton text={text} label="Copy code" />
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <pre tabIndex={0}>
        <code>{useHighlighted(text, language)}</code>
      </pre>
    </figure>
  )
}

/** Longer code stays plain, so that no single task is long. */
const maxHighlighted = 10_000

/** The text is plain at first, and is highlighted when the language is loaded. */
function useHighlighted(text: string, language: string): ReactNode {
  const [coloured, setColoured] = useState<{ text: string; node: ReactNode } | null>(null)
  useEffect(() => {
    if (language === '' || text.length > maxHighlighted) return
    let isCurrent = true
    // A growing text is highlighted when it pauses.
    const timer = setTimeout(() => {
      void highlight(text, language).then((node) => isCurrent && node !== null && setColoured({ text, node }))
    }, 60)
    return () => {
      isCurrent = false
      clearTimeout(timer)
    }
  }, [text, language])
  if (coloured === null || !text.startsWith(coloured.text)) return text
  return (
    <>
      {coloured.node}
      {text.slice(coloured.text.length)}
    </>
  )
}

function codeIn(children: ReactNode): { className: string; text: string } {
  if (!isValidElement<ComponentProps<'code'>>(children)) return { className: '', text: textOf(children) }
  return { className: children.props.className ?? '', text: textOf(children.props.children).replace(/\n$/, '') }
}

function textOf(children: ReactNode): string {
  return Array.isArray(children) ? children.map(textOf).join('') : String(children ?? '')
}
