declare const row: unique symbol

/** SQL with a known type of its rows. Only `statement` creates it. */
export type Statement<Row> = string & { readonly [row]: Row }

/** What the drivers convert a column to. A list is an array of Postgres; JSON may contain a list, too. */
export type ColumnKind = 'text' | 'number' | 'boolean' | 'time' | 'list' | 'json'

type KindOf<Value> = [NonNullable<Value>] extends [string]
  ? 'text'
  : [NonNullable<Value>] extends [number]
    ? 'number'
    : [NonNullable<Value>] extends [boolean]
      ? 'boolean'
      : [NonNullable<Value>] extends [Date]
        ? 'time'
        : [NonNullable<Value>] extends [readonly unknown[]]
          ? 'list' | 'json'
          : 'json'

/** The columns of a row, with the kind of each. */
export type Columns<Row> = { readonly [Name in keyof Row]-?: KindOf<Row[Name]> }

const statements = new Map<string, Readonly<Record<string, ColumnKind>> | null>()

/**
 * Every statement that was created, with its columns; null if nobody reads its rows. A test compares them with the database.
 */
export const knownStatements: ReadonlyMap<string, Readonly<Record<string, ColumnKind>> | null> = statements

/**
 * Declares the columns of a statement, so that the compiler and a test can check them against the row type and the database.
 */
export function statement(text: string): Statement<unknown>
export function statement<Row>(text: string, columns: Columns<Row>): Statement<Row>
export function statement(text: string, columns: Readonly<Record<string, ColumnKind>> | null = null) {
  statements.set(text, columns)
  return text as Statement<unknown>
}

/** The column list of a SELECT from a table whose columns have these names in snake case. */
export function listOf(alias: string, columns: object): string {
  const snakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  return Object.keys(columns)
    .map((name) => `${alias}.${snakeCase(name)} AS "${name}"`)
    .join(', ')
}
