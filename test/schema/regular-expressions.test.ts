import { readdirSync, readFileSync } from 'node:fs'
import { checkSync } from 'recheck'
import { parseSync } from 'vite'
import { describe, expect, test } from 'vitest'

// The default is a thread with the fastest backend that the platform has; this one is the same everywhere.
process.env['RECHECK_SYNC_BACKEND'] = 'pure'

interface SyntaxNode {
  type: string
  regex?: { pattern: string; flags: string }
  callee?: { name?: string }
}

function nodesIn(value: unknown): SyntaxNode[] {
  if (typeof value !== 'object' || value === null) return []
  const below = Object.values(value).flatMap(nodesIn)
  return 'type' in value ? [value as SyntaxNode, ...below] : below
}

const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(
  (file) => /\.tsx?$/.test(file) && !file.includes('generated'),
)
const nodes = files.flatMap((file) =>
  nodesIn(parseSync(file, readFileSync(`src/${file}`, 'utf8')).program).map((node) => ({ file, node })),
)
const literals = nodes.flatMap(({ file, node: { regex } }) =>
  regex === undefined ? [] : [[`/${regex.pattern}/${regex.flags}`, file, regex] as const],
)

describe('a regular expression takes time by the length of its input, and no power of it:', () => {
  test.each(literals)('%s in %s', (_literal, _file, { pattern, flags }) => {
    expect(checkSync(pattern, flags, { timeout: 20_000 })).toMatchObject({ status: 'safe' })
  })

  test('none is built while the server runs, where nobody could check it', () => {
    const built = nodes.filter(({ node }) => node.callee?.name === 'RegExp')
    expect(built.map(({ file }) => file)).toEqual([])
  })
})
