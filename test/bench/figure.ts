export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const place = ((sorted.length - 1) * percent) / 100
  const below = sorted[Math.floor(place)] ?? Number.NaN
  const above = sorted[Math.ceil(place)] ?? Number.NaN
  return below + (above - below) * (place % 1)
}

export function median(values: readonly number[]): number {
  return percentile(values, 50)
}

/** One line of the table at the end: `values` has one for each repetition. */
export interface Result {
  measure: string
  values: number[]
  unit: string
  goal: string
}

export function show(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2
  return value.toFixed(digits)
}

/** The median and, in brackets, the least and the greatest. */
export function showSpread(values: readonly number[], unit: string): string {
  return `${show(median(values))} ${unit} (${show(Math.min(...values))} to ${show(Math.max(...values))})`
}

export function table(results: readonly Result[]): string {
  const rows = results.map(({ measure, values, unit, goal }) => [measure, showSpread(values, unit), goal])
  const lines = [['Measure', 'Median (least to greatest)', 'Goal'], ['---', '---', '---'], ...rows]
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}
