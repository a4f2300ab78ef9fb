import { storableJson } from '../../stream/text.ts'

const maxCharacters = 80

// The word for a title, in the languages in which models write most.
const label =
  /^(?:(?:conversation |chat )?title|titel|titre|título|titolo|заголовок|название|标题|標題|タイトル|제목)\s*[:：]\s*/iu

/** Like `titleFrom`, for the title that a model wrote. Its thoughts, code fences and labels are left out. */
export function writtenTitle(text: string): string | null {
  const said = withoutThoughts(text).replaceAll('`', '\n')
  const lines = said.split(/[\r\n]+/).filter((line) => line.trim() !== '')
  // A code fence can name its language on a separate line.
  const isFenced = withoutThoughts(text).trimStart().startsWith('```')
  const line = isFenced && lines.length > 1 && /^\w{1,10}$/.test(lines[0] ?? '') ? lines[1] : lines[0]
  const bare = titleFrom(line ?? '')
  return bare === null ? null : titleFrom(bare.replace(label, ''))
}

/**
 * Some servers leave the thoughts of a model in the text. If a thought has no end, everything after its beginning is left out.
 */
function withoutThoughts(text: string): string {
  const said = text.slice(Math.max(endOf(text, '</think>'), endOf(text, '</thinking>')))
  const begins = said.search(/<think(?:ing)?>/)
  return begins < 0 ? said : said.slice(0, begins)
}

function endOf(text: string, mark: string): number {
  const at = text.lastIndexOf(mark)
  return at < 0 ? 0 : at + mark.length
}

/** One line of at most 80 characters, cut between words if possible; null if nothing is left. */
export function titleFrom(text: string): string | null {
  const line =
    storableJson(text)
      .trim()
      .split(/[\r\n]+/, 1)[0]
      ?.replace(/\s+/g, ' ') ?? ''
  const bare = withoutMarksAtEnd(line.replace(/^["'“”„«*#\s]+/u, ''))
  const characters = [...bare]
  if (characters.length <= maxCharacters) return bare === '' ? null : bare
  const cut = characters.slice(0, maxCharacters - 1).join('')
  const words = cut.slice(0, Math.max(cut.lastIndexOf(' '), 0)) || cut
  return `${words}…`
}

/** Uses a loop, because a regular expression would take quadratic time for a long run of marks. */
function withoutMarksAtEnd(text: string): string {
  let end = text.length
  while (end > 0 && /["'“”»*\s]/u.test(text.charAt(end - 1))) end -= 1
  return text.slice(0, end)
}
