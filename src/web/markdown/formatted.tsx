import { lazy, Suspense } from 'react'

const Markdown = lazy(async () => ({ default: (await import('./markdown.tsx')).Markdown }))
const Code = lazy(async () => ({ default: (await import('./code-block.tsx')).Code }))

interface FormattedTextProps {
  text: string
  isGrowing: boolean
}

/** The text is plain until the parser is loaded, which is a third of the page's code. */
export function FormattedText(props: FormattedTextProps) {
  return (
    <Suspense fallback={<Plain text={props.text} />}>
      <Markdown {...props} />
    </Suspense>
  )
}

export function FormattedCode(props: { text: string; language: string }) {
  return (
    <Suspense fallback={<Plain text={props.text} />}>
      <Code {...props} />
    </Suspense>
  )
}

function Plain({ text }: { text: string }) {
  return (
    <div className="prose">
      <p className="unparsed">{text}</p>
    </div>
  )
}
