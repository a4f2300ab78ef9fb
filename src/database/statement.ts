declare const row: unique symbol

/** SQL whose rows are known. Only `statement` makes one. */
export type Statement<Row> = string & { readonly [row]: Row }

/** What the drivers make of a column. A list is an array of Postgres; JSON may hold one, too. */
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

/** Each column of a row, and what it holds. */
export type Columns<Row> = { readonly [Name in keyof Row]-?: KindOf<Row[Name]> }

const statements = new Map<string, Readonly<Record<string, ColumnKind>> | null>()

/** Every statement that was made, with its columns; null where nobody reads its rows. A test compares them with the database. */
export const knownStatements: ReadonlyMap<string, Readonly<Record<string, ColumnKind>> | null> = statements

/** Names what the rows of a statement hold, so that the compiler and the database agree on it. */
export function statement(text: string): Statement<unknown>
export function statement<Row>(text: string, columns: Columns<Row>): Statement<Row>
export function statement(text: string, columns: Readonly<Record<string, ColumnKind>> | null = null) {
  statements.set(text, columns)
  return text as Statement<unknown>
}

/** The list of a SELECT, of a table whose columns are called as these, but in snake case. */
export function listOf(alias: string, columns: object): string {
  const snakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  return Object.keys(columns)
    .map((name) => `${alias}.${snakeCase(name)} AS "${name}"`)
    .join(', ')
}
