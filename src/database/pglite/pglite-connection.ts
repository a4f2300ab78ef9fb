import { messages, type PGlite, protocol } from '@electric-sql/pglite'

export interface Statement {
  text: string
  values: readonly unknown[]
  /** Whether the statement stays prepared, which is meant for a fixed set of texts. Otherwise it is planned for its values. */
  isKept: boolean
}

export interface Rows {
  names: string[]
  /** The types of the columns, as oids of pg_type. */
  types: number[]
  /** The values in the text format of Postgres. */
  texts: (string | null)[][]
  affectedCount: number
}

/** The one session of a PGlite, in this thread or in another. It executes what it receives in order, one after the other. */
export interface PgliteConnection {
  /** Rejects with the package's DatabaseError, as `runScript` does. */
  run(statement: Statement): Promise<Rows>
  runScript(text: string): Promise<void>
  close(): Promise<void>
}

interface Prepared {
  name: string
  parameterTypes: number[]
  names: string[]
  types: number[]
}

const { serialize } = protocol

/**
 * PGlite's own `query` parses and plans a statement each time, which is most of the cost of a short one. Here each text that is
 * kept is prepared once.
 */
export function connectPglite(pglite: PGlite): PgliteConnection {
  const prepared = new Map<string, Prepared>()
  let last: Promise<unknown> = Promise.resolve()

  const send = (...parts: Uint8Array[]) => pglite.execProtocolStream(Buffer.concat(parts), {})

  /** A prepared statement without a name lasts until the next one without a name. */
  async function prepare(text: string, name: string): Promise<Prepared> {
    const answer = await send(
      serialize.parse({ name, text }),
      serialize.describe({ type: 'S', name }),
      serialize.sync(),
    )
    const parameters = answer.find((message) => message instanceof messages.ParameterDescriptionMessage)
    const fields = answer.find((message) => message instanceof messages.RowDescriptionMessage)?.fields ?? []
    return {
      name,
      parameterTypes: parameters?.dataTypeIDs ?? [],
      names: fields.map((field) => field.name),
      types: fields.map(({ dataTypeID }) => dataTypeID),
    }
  }

  async function keep(text: string): Promise<Prepared> {
    const statement = await prepare(text, `antiphon_${prepared.size}`)
    prepared.set(text, statement)
    return statement
  }

  function written(value: unknown, type: number | undefined): string | null {
    if (value === null || value === undefined) return null
    const write = pglite.serializers[type ?? 0]
    return write === undefined ? String(value) : write(value)
  }

  async function run({ text, values, isKept }: Statement): Promise<Rows> {
    const { name, parameterTypes, names, types } = isKept
      ? (prepared.get(text) ?? (await keep(text)))
      : await prepare(text, '')
    const answer = await send(
      serialize.bind({ statement: name, values: values.map((value, index) => written(value, parameterTypes[index])) }),
      serialize.execute({}),
      serialize.sync(),
    )
    const rows = answer.filter((message) => message instanceof messages.DataRowMessage)
    const end = answer.find((message) => message instanceof messages.CommandCompleteMessage)
    return { names, types, texts: rows.map(({ fields }) => fields), affectedCount: affectedCountIn(end?.text ?? '') }
  }

  function inOrder<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = last.then(work)
    last = result.catch(() => {})
    return result
  }

  return {
    run: (statement) => inOrder(() => run(statement)),
    runScript: (text) => inOrder(async () => void (await send(serialize.query(text)))),
    close: () => inOrder(() => pglite.close()),
  }
}

/** Reads the number from a command tag, such as `INSERT 0 5` or `UPDATE 3`. */
function affectedCountIn(tag: string): number {
  return Number(/^(?:INSERT|UPDATE|DELETE|MERGE|COPY) (?:\d+ )?(\d+)$/.exec(tag)?.[1] ?? 0)
}
