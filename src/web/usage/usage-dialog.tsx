import { useMemo, useState } from 'react'
import { sentence } from '../connection/sentence.ts'
import { useKeptQuery } from '../connection/use-kept-query.ts'
import { Modal } from '../frame/dialog.tsx'
import { graphql } from '../generated/gql.ts'
import type { OwnUsageQuery } from '../generated/graphql.ts'
import { dayInWords, daysOfUse, firstOf } from './usage-days.ts'
import { UsagePlot } from './usage-plot.tsx'
import { UsageTable } from './usage-table.tsx'

graphql(`
  fragment BucketFields on UsageBucket {
    completions
    usage { promptTokens completionTokens totalTokens costMicros source }
  }
`)

const OwnUsage = graphql(`
  query OwnUsage($from: DateTime!, $timeZone: String!) {
    byDay: usage(from: $from, groupBy: [DAY], timeZone: $timeZone) { day ...BucketFields }
    byModel: usage(from: $from, groupBy: [MODEL]) { model ...BucketFields }
  }
`)

const ranges = [7, 30, 90] as const

/** What the person has used, by day and by model. */
export function UsageDialog({ onClose }: { onClose: () => void }) {
  const [days, setDays] = useState<number>(30)
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions()
  const { data, error, fetching, refresh } = useKeptQuery({
    query: OwnUsage,
    variables: { from: firstOf(days, new Date()).toISOString(), timeZone },
    requestPolicy: 'cache-and-network',
  })
  return (
    <Modal title="Your usage" className="usage" onClose={onClose}>
      <fieldset className="choices">
        <legend>Days, in the time zone {timeZone}</legend>
        {ranges.map((range) => (
          <label key={range}>
            <input type="radio" name="range" checked={days === range} onChange={() => setDays(range)} />
            {range} days
          </label>
        ))}
      </fieldset>
      {error && (
        <div role="alert" className="problem">
          <p>{sentence(error)}</p>
          <button type="button" onClick={refresh}>
            Try again
          </button>
        </div>
      )}
      {!data && fetching && <p className="hint">Loading…</p>}
      {data && <UsageOf data={data} days={days} />}
    </Modal>
  )
}

function UsageOf({ data, days }: { data: OwnUsageQuery; days: number }) {
  const byDay = data.byDay ?? []
  const plotted = useMemo(() => daysOfUse(data.byDay ?? [], days, new Date()), [data, days])
  if (byDay.length === 0) return <p className="hint">You have asked nothing in the last {days} days.</p>
  return (
    <>
      <UsagePlot
        days={plotted}
        label={`A plot of the tokens of each of the last ${days} days. The table has the numbers.`}
      />
      <UsageTable
        caption="By day"
        first="Day"
        rows={byDay.toReversed().map((bucket) => ({ ...bucket, name: dayInWords(new Date(bucket.day ?? 0)) }))}
      />
      <UsageTable
        caption="By model"
        first="Model"
        rows={(data.byModel ?? []).map((bucket) => ({ ...bucket, name: bucket.model ?? '' }))}
      />
      <p className="hint">
        This counts the completions that you asked for and that have ended. A day without one is not in the table.
        {byDay.some(({ usage }) => usage.source === 'ESTIMATED') &&
          ' “About” marks counts that this server estimated in part.'}
        {byDay.some(({ usage }) => usage.costMicros === null) && ' A dash stands where a model has no price.'}
      </p>
    </>
  )
}
