/// <reference types="vite/client" />
import { useEffect, useRef } from 'react'

interface FormulaProps {
  tex: string
  isDisplayed: boolean
}

let katex: Promise<typeof import('katex')> | undefined

async function loadKatex() {
  const [library] = await Promise.all([import('katex'), import('katex/dist/katex.min.css')])
  return library
}

/** Shows the source of a formula until the typesetting is loaded. */
export function Formula({ tex, isDisplayed }: FormulaProps) {
  const element = useRef<HTMLSpanElement>(null)
  useEffect(() => {
    let isCurrent = true
    katex ??= loadKatex()
    void katex.then(({ default: { render } }) => {
      if (isCurrent && element.current !== null)
        render(tex, element.current, { displayMode: isDisplayed, throwOnError: false, maxExpand: 200, maxSize: 20 })
    })
    return () => {
      isCurrent = false
    }
  }, [tex, isDisplayed])
  // The key is the source, because React must not change the elements with which the typesetting has replaced it.
  return (
    <span key={tex} ref={element} className={isDisplayed ? 'formula displayed' : 'formula'}>
      {tex}
    </span>
  )
}
