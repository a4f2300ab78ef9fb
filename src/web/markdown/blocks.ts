// After the backticks of a fence no other backtick may follow on the line, because that would be inline code.
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
  /** The number of the previous item in a numbered list. */
  number: number
}

/**
 * Divides Markdown at blank lines that certainly end a top-level block, and divides long lists between their items. The joined
 * blocks are the text. A link or footnote that is defined in one block can be used in another, so a text with definitions is
 * not divided.
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

/** Each part of a list is numbered from its first number, so a list is divided only where the numbers are in order. */
function continuesCount(line: string, before: number): boolean {
  const item = listItem.exec(line)
  return item !== null && (item[1] === undefined || Number(item[1]) === before + 1)
}

/** Returns the code fence that is open after this line, given the one that was open before it. */
function fenceAfter(open: string | null, line: string): string | null {
  const mark = fenceMark.exec(line)?.[1]
  if (mark === undefined) return open
  if (open === null) return mark
  const closes = mark.startsWith(open) && line.trim() === mark
  return closes ? null : open
}
