import { storableJson } from '../../stream/text.ts'

const maxCharacters = 80

/** One line of at most 80 characters, cut between words where it can be; null where nothing is left. */
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

/** A loop and no regular expression, which would begin anew at each mark of a long run. */
function withoutMarksAtEnd(text: string): string {
  let end = text.length
  while (end > 0 && /["'“”»*\s]/u.test(text.charAt(end - 1))) end -= 1
  return text.slice(0, end)
}
