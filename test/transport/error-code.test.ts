import { readdirSync, readFileSync } from 'node:fs'
import { isEnumType } from 'graphql'
import { describe, expect, test } from 'vitest'
import { clientError, type ErrorCode, errorCodes } from '../../src/schema/client-error.ts'
import { schema } from '../../src/schema/schema.ts'
import { statusOf } from '../../src/transport/error.ts'

const codes = Object.keys(errorCodes) as ErrorCode[]
const root = new URL('../../', import.meta.url)

/** The source of what tells errors, without the places that only list the codes. */
function sources(): string {
  const paths = ['src/transport', 'src/schema', 'src/chat/access', 'src/auth'].flatMap((folder) =>
    readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`),
  )
  const telling = paths.filter((path) => path.endsWith('.ts') && !path.endsWith('/client-error.ts'))
  return telling.map((path) => readFileSync(new URL(path, root), 'utf8')).join('\n')
}

describe('the codes in `extensions.code`', () => {
  test('are the values of ErrorCode in the schema', () => {
    const type = schema.getType('ErrorCode')
    expect(isEnumType(type) && type.getValues().map(({ name }) => name)).toEqual(codes.toSorted())
  })

  test('stand in the README with their HTTP status and meaning', () => {
    const rows = codes.map((code) => {
      const status = statusOf(clientError(code, ''))
      return `| ${code} | ${status} | ${errorCodes[code].description} |`
    })
    const readme = readFileSync(new URL('README.md', root), 'utf8')
    const [, table = ''] = readme.split('| Code | HTTP status | Meaning |\n|---|---|---|\n')
    expect(table.split('\n\n')[0]?.split('\n')).toEqual(rows)
  })

  test('are all told somewhere', () => {
    const text = sources()
    expect(codes.filter((code) => !text.includes(`'${code}'`))).toEqual([])
  })
})
