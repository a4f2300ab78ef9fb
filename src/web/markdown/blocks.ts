// After backticks no other backtick may follow on the line: that would be code within a paragraph.
const fenceMark = /^ {0,3}(`{3,}(?![^`\n]*`)|~{3,}|\$\$(?![^$\n]*\$))/
const continuesList = /^(\s|[-*+]( |$)|\d{1,9}[.)]( |$))/
const listItem = /^(?:[-*+]|(\d{1,9})[.)]) /
const definition = /^ {0,3}\[[^\]\n\r\u2028\u2029]+\]:/m
/** From this length on, a list is continued in another block. */
const longList = 1_500

interface Open {
  block: string
  fence: string | null
  afterBlank: boolean
  /** of the item before, in a numbered list */
  number: number
}

/**
 * Cuts markdown where a blank line surely ends a top-level block, and long lists between their items; the blocks joined
 * are the text. A link or footnote defined in one block is used in another, so a text with definitions stays whole.
 */
export function blocksOf(text: string): string[] {
  if (definition.test(text)) return [text]
  const blocks: string[] = []
  const open: Open = { block: '', fence: null, afterBlank: false, number: 0 }
  for (const line of text.split(/(?<=\n)/)) {
    if (open.fence === null && begins(line, open)) {
      blocks.push(open.block)
      open.block = ''
    }
    open.number = Number(listItem.exec(line)?.[1] ?? open.number)
    open.fence = fenceAfter(open.fence, line)
    open.afterBlank = line.trim() === ''
    open.block += line
  }
  return open.block === '' ? blocks : [...blocks, open.block]
}

function begins(line: string, open: Open): boolean {
  if (open.block === '') return false
  if (open.afterBlank && line.trim() !== '' && !continuesList.test(line)) return true
  return open.block.length > longList && listItem.test(open.block) && continuesCount(line, open.number)
}

/** A part of a list counts on from its first number, so the list is cut where the numbers are in order. */
function continuesCount(line: string, before: number): boolean {
  const item = listItem.exec(line)
  return item !== null && (item[1] === undefined || Number(item[1]) === before + 1)
}

/** The code fence that is open after this line, given the one open before it. */
function fenceAfter(open: string | null, line: string): string | null {
  const mark = fenceMark.exec(line)?.[1]
  if (mark === undefined) return open
  if (open === null) return mark
  const closes = mark.startsWith(open) && line.trim() === mark
  return closes ? null : open
}
