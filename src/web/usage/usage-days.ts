export interface DayOfUse {
  /** The start of the day in the time zone of the browser. */
  day: Date
  tokens: number
}

/** The start of the first of so many days, of which today is the last. */
export function firstOf(days: number, now: Date): Date {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() - days + 1)
}

interface Bucket {
  day?: string | null
  usage: { totalTokens: number }
}

/** All days of the range, also those without a bucket. */
export function daysOfUse(buckets: readonly Bucket[], days: number, now: Date): DayOfUse[] {
  const tokens = new Map(buckets.map(({ day, usage }) => [new Date(day ?? 0).toDateString(), usage.totalTokens]))
  return Array.from({ length: days }, (_, index) => {
    const day = firstOf(days - index, now)
    return { day, tokens: tokens.get(day.toDateString()) ?? 0 }
  })
}

export function dayInWords(day: Date | undefined): string {
  return day?.toLocaleDateString('en', { day: 'numeric', month: 'short' }) ?? ''
}
