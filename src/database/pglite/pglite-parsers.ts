import { types } from '@electric-sql/pglite'
import type { PgliteConnection } from './pglite-connection.ts'

export type Parsers = Readonly<Record<number, types.Parser>>

const arrayTypes = 'SELECT typarray, oid FROM pg_type WHERE typarray <> 0'

/** The package has the parsers of the scalar types; the database knows their array types. */
export async function readParsers(connection: PgliteConnection): Promise<Parsers> {
  const { texts } = await connection.run({ text: arrayTypes, values: [], isKept: false })
  const parsers: Record<number, types.Parser> = { ...types.parsers }
  for (const [array, element] of texts.map((row) => row.map(Number))) {
    if (array === undefined || element === undefined) continue
    const parseElement = parsers[element] ?? ((text: string) => text)
    parsers[array] = (text) => types.arrayParser(text, parseElement, array)
  }
  return parsers
}

export function parseValue(text: string | null, type: number, parsers: Parsers): unknown {
  const parse = parsers[type]
  return text === null || parse === undefined ? text : parse(text, type)
}
