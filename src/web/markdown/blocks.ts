// After backticks no other backtick may follow on the line: that would be code within a paragraph.
const fenceMark = /^ {0,3}(`{3,}(?![^`\n]*`)|~{3,})/
const continuesList = /^(\s|[-*+]( |$)|\d{1,9}[.)]( |$))/
const definition = /^ {0,3}\[[^\]\n\r\u2028\u2029]+\]:/m

/**
 * Cuts markdown where a blank line surely ends a top-level block; the blocks joined are the text.
 * A link or footnote defined in one block is used in another, so a text with definitions stays whole.
 */
export function blocksOf(text: string): string[] {
  if (definition.test(text)) return [text]
  const blocks: string[] = []
  let block = ''
  let fence: string | null = null
  let afterBlank = false
  for (const line of text.split(/(?<=\n)/)) {
    if (afterBlank && fence === null && line.trim() !== '' && !continuesList.test(line)) {
      blocks.push(block)
      block = ''
    }
    fence = fenceAfter(fence, line)
    afterBlank = line.trim() === ''
    block += line
  }
  return block === '' ? blocks : [...blocks, block]
}

/** The code fence that is open after this line, given the one open before it. */
function fenceAfter(open: string | null, line: string): string | null {
  const mark = fenceMark.exec(line)?.[1]
  if (mark === undefined) return open
  if (open === null) return mark
  const closes = mark.startsWith(open) && line.trim() === mark
  return closes ? null : open
}
