/** Tests whether a whole name matches a glob, in which `*` stands for any characters. The time is linear in the name. */
export function createGlob(glob: string): (name: string) => boolean {
  const [start = '', ...rest] = glob.split('*')
  const end = rest.pop()
  if (end === undefined) return (name) => name === glob
  return (name) => {
    if (!name.startsWith(start)) return false
    let from = start.length
    for (const part of rest) {
      const found = name.indexOf(part, from)
      if (found === -1) return false
      from = found + part.length
    }
    return name.length - end.length >= from && name.endsWith(end)
  }
}
