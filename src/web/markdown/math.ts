/** The beginning of math or code. Backslashes before brackets are marks of LaTeX, which Markdown would remove. */
const opening = /`+|\\[([]|\$\$?|\\[\s\S]/g

/**
 * Rewrites `\(a\)`, `\[a\]` and `$a$` to the one form of math that the parser knows, `$$a$$`, and leaves code as it is.
 * A dollar sign before a price is not changed: math has no space directly within its marks, and no digit follows it.
 */
export function withMathMarks(text: string): string {
  if (!/[$]|\\[([]/.test(text)) return text
  let result = ''
  let from = 0
  const closings = createFinder(text)
  opening.lastIndex = 0
  for (let mark = opening.exec(text); mark !== null; mark = opening.exec(text)) {
    const end = endOf(text, mark[0], mark.index, closings)
    if (end === null) continue
    result += text.slice(from, mark.index) + rewritten(text.slice(mark.index, end), mark[0])
    from = end
    opening.lastIndex = end
  }
  return result + text.slice(from)
}

type Find = (closing: string, from: number) => number

function endOf(text: string, mark: string, at: number, find: Find): number | null {
  if (mark.startsWith('`') || mark === '$$') return after(find(mark, at + mark.length), mark)
  if (mark === '\\(') return after(find('\\)', at + 2), '\\)')
  if (mark === '\\[') return after(find('\\]', at + 2), '\\]')
  return mark === '$' ? endOfDollar(text, at, find) : null
}

function after(index: number, closing: string): number | null {
  return index === -1 ? null : index + closing.length
}

function endOfDollar(text: string, at: number, find: Find): number | null {
  const end = find('$', at + 1)
  if (end <= at + 1 || /\s/.test(text[at + 1] ?? ' ')) return null
  const content = text.slice(at + 1, end)
  const isMath = !/\s$|\n/.test(content) && !/\d/.test(text[end + 1] ?? '')
  return isMath ? end + 1 : null
}

function rewritten(span: string, mark: string): string {
  if (mark.startsWith('`') || mark === '$$') return span
  const content = span.slice(mark.length, -mark.length)
  // Math on separate lines is displayed. Otherwise it is inline.
  return mark === '\\[' ? `\n$$\n${content.trim()}\n$$\n` : `$$${content.trim()}$$`
}

/** Like indexOf, but does not search again for a text that an earlier search did not find. */
function createFinder(text: string): Find {
  const missing = new Set<string>()
  return (closing, from) => {
    if (missing.has(closing)) return -1
    const index = text.indexOf(closing, from)
    if (index === -1) missing.add(closing)
    return index
  }
}
