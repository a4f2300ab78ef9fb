import type { Root } from 'hast'
import { type Components, toJsxRuntime } from 'hast-util-to-jsx-runtime'
import { memo, useDeferredValue, useEffect, useState } from 'react'
import { Fragment, jsx, jsxs } from 'react/jsx-runtime'
import { blocksOf } from './blocks.ts'
import { CodeBlock, InlineCode } from './code-block.tsx'
import { Checkbox, ImageLink, Link, Table } from './element.tsx'
import { parse } from './parse.ts'
import { parseAside } from './parse-aside.ts'

interface MarkdownProps {
  text: string
  isGrowing: boolean
}

/** Only the blocks that changed are parsed again, so that the page stays responsive while an answer of any length grows. */
export function Markdown({ text, isGrowing }: MarkdownProps) {
  const behind = useDeferredValue(text, '')
  // When the answer has ended, no text may be missing above the line that tells how it ended.
  const shown = isGrowing || behind === '' ? behind : text
  return (
    <div className="prose" data-behind={shown !== text || undefined}>
      {blocksOf(shown).map((block, index, blocks) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: blocks only grow, and only at the end
        <Block key={index} text={block} isGrowing={isGrowing && index === blocks.length - 1} />
      ))}
    </div>
  )
}

/**
 * In UTF-16 code units. Usual text of this length is parsed in 1 ms, but for a text such as `> > >` the time grows with the
 * square.
 */
const longBlock = 800

const Block = memo(function Block({ text, isGrowing }: MarkdownProps) {
  return text.length > longBlock ? <LongBlock text={text} isGrowing={isGrowing} /> : <Elements root={parse(text)} />
})

/** Parsed in another thread, one text at a time. Before the first result, the text is shown unformatted. */
function LongBlock({ text }: MarkdownProps) {
  const [parsed, setParsed] = useState<{ text: string; root: Root } | null>(null)
  const [isBusy, setBusy] = useState(false)
  const isStale = parsed?.text !== text
  useEffect(() => {
    if (isBusy || !isStale) return
    setBusy(true)
    void parseAside(text).then((root) => {
      setParsed({ text, root })
      setBusy(false)
    })
  }, [text, isBusy, isStale])
  if (parsed === null) return <p className="unparsed">{text}</p>
  return (
    <>
      <LongElements root={parsed.root} />
      {isStale && <span hidden data-behind />}
    </>
  )
}

const LongElements = memo(function LongElements({ root }: { root: Root }) {
  const shown = useDeferredValue(root, null)
  return shown?.children.map((child, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: children only grow, and only at the end
    <Elements key={index} root={{ type: 'root', children: [child] }} />
  ))
})

function Elements({ root }: { root: Root }) {
  return toJsxRuntime(root, { Fragment, jsx, jsxs, components, ignoreInvalidStyle: true })
}

const components: Partial<Components> = {
  a: Link,
  code: InlineCode,
  img: ImageLink,
  input: Checkbox,
  pre: CodeBlock,
  table: Table,
}
