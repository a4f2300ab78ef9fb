import { setImmediate as turn } from 'node:timers/promises'
import { messages, type PGlite, protocol } from '@electric-sql/pglite'

interface Statement {
  name: string
  parameterTypes: number[]
  fields: { name: string; dataTypeID: number }[]
}

type Query = <Row>(text: string, values?: readonly unknown[]) => Promise<Row[]>

export interface PgliteStatements {
  query: Query
  /** As `query`, also where the session's transactions are read-only. */
  write: Query
}

const { serialize } = protocol

/** Of statements one right after the other, before everything else in this process gets its turn. */
const maxStretchMs = 10

/**
 * PGlite's own query parses and plans each time, which is most of what a short statement costs: here each text is
 * prepared once. Meant for texts of a fixed number.
 */
export function createPgliteStatements(pglite: PGlite): PgliteStatements {
  const prepared = new Map<string, Statement>()
  let stretchMs = 0

  const send = async (...parts: Uint8Array[]) => (await pglite.execProtocol(Buffer.concat(parts))).messages

  async function prepare(text: string): Promise<Statement> {
    const name = `antiphon_${prepared.size}`
    const answer = await send(
      serialize.parse({ name, text }),
      serialize.describe({ type: 'S', name }),
      serialize.sync(),
    )
    const parameters = answer.find((message) => message instanceof messages.ParameterDescriptionMessage)
    const row = answer.find((message) => message instanceof messages.RowDescriptionMessage)
    const statement = { name, parameterTypes: parameters?.dataTypeIDs ?? [], fields: row?.fields ?? [] }
    prepared.set(text, statement)
    return statement
  }

  function written(value: unknown, type: number | undefined): string | null {
    if (value === null || value === undefined) return null
    const write = pglite.serializers[type ?? 0]
    return write === undefined ? String(value) : write(value)
  }

  function read(text: string | null, type: number): unknown {
    const parse = pglite.parsers[type]
    return text === null || parse === undefined ? text : parse(text, type)
  }

  function rowOf<Row>({ fields }: Statement, texts: readonly (string | null)[]): Row {
    const entries = fields.map(({ name, dataTypeID }, index) => [name, read(texts[index] ?? null, dataTypeID)])
    return Object.fromEntries(entries) as Row
  }

  async function run<Row>(text: string, values: readonly unknown[]): Promise<Row[]> {
    const statement = prepared.get(text) ?? (await prepare(text))
    const texts = values.map((value, index) => written(value, statement.parameterTypes[index]))
    const answer = await send(
      serialize.bind({ statement: statement.name, values: texts }),
      serialize.execute({}),
      serialize.sync(),
    )
    const rows = answer.filter((message) => message instanceof messages.DataRowMessage)
    return rows.map(({ fields }) => rowOf<Row>(statement, fields))
  }

  async function runReadWrite<Row>(text: string, values: readonly unknown[]): Promise<Row[]> {
    await send(serialize.query('BEGIN READ WRITE'))
    try {
      const rows = await run<Row>(text, values)
      await send(serialize.query('COMMIT'))
      return rows
    } catch (error) {
      await send(serialize.query('ROLLBACK'))
      throw error
    }
  }

  // A statement runs in this thread without a break, and the next one that waits begins in a microtask right after it: a
  // queue of them would let nothing else run.
  async function withBreaks<Result>(work: () => Promise<Result>): Promise<Result> {
    if (stretchMs > maxStretchMs) {
      stretchMs = 0
      await turn()
    }
    const startMs = performance.now()
    try {
      return await work()
    } finally {
      stretchMs += performance.now() - startMs
    }
  }

  // As PGlite's query waits for whoever has a transaction open; execProtocol itself waits for nobody.
  async function alone<Result>(work: () => Promise<Result>): Promise<Result> {
    await pglite._checkReady()
    return pglite._runExclusiveTransaction(() => pglite._runExclusiveQuery(() => withBreaks(work)))
  }

  return {
    query: (text, values = []) => alone(() => run(text, values)),
    write: (text, values = []) => alone(() => runReadWrite(text, values)),
  }
}
