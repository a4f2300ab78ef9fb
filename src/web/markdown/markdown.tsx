import { type ComponentProps, memo, useDeferredValue } from 'react'
import ReactMarkdown from 'react-markdown'
import remarkGfm from 'remark-gfm'
import { blocksOf } from './blocks.ts'

/** Only the blocks that changed are parsed again: an answer of any length keeps the page awake while it grows. */
export function Markdown({ text, isGrowing }: { text: string; isGrowing: boolean }) {
  const behind = useDeferredValue(text)
  // Nothing may be missing above the line that says how the answer ended.
  const shown = isGrowing ? behind : text
  return (
    <div className="prose">
      {blocksOf(shown).map((block, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: blocks only grow, and only at the end
        <Block key={index} text={block} />
      ))}
    </div>
  )
}

const Block = memo(function Block({ text }: { text: string }) {
  return (
    <ReactMarkdown remarkPlugins={plugins} components={components}>
      {text}
    </ReactMarkdown>
  )
})

const plugins = [remarkGfm]
const components = { a: OutsideLink, img: ImageLink, pre: Code, table: Table }

function OutsideLink({ href, children }: ComponentProps<'a'>) {
  return (
    <a href={href} target="_blank" rel="noopener noreferrer">
      {children}
    </a>
  )
}

/** A picture chosen by a model would tell its host who reads the answer: it is offered as a link. */
function ImageLink({ src, alt }: ComponentProps<'img'>) {
  return <OutsideLink href={typeof src === 'string' ? src : undefined}>{alt || 'Picture'}</OutsideLink>
}

function Code({ children }: ComponentProps<'pre'>) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <pre tabIndex={0}>{children}</pre>
  )
}

function Table({ children }: ComponentProps<'table'>) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <div className="table" tabIndex={0}>
      <table>{children}</table>
    </div>
  )
}
