import type { BucketFieldsFragment } from '../generated/graphql.ts'

interface UsageTableProps {
  caption: string
  /** The heading of the first column. */
  first: string
  rows: readonly (BucketFieldsFragment & { name: string })[]
}

export function UsageTable({ caption, first, rows }: UsageTableProps) {
  return (
    <table>
      <caption>{caption}</caption>
      <thead>
        <tr>
          <th scope="col">{first}</th>
          <th scope="col">Answers</th>
          <th scope="col">Tokens</th>
          <th scope="col">Cost</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ name, ...bucket }) => (
          <Row key={name} name={name} bucket={bucket} />
        ))}
      </tbody>
      <tfoot>
        <Row name="Together" bucket={sumOf(rows)} />
      </tfoot>
    </table>
  )
}

function Row({ name, bucket: { completions, usage } }: { name: string; bucket: BucketFieldsFragment }) {
  const { promptTokens, completionTokens, totalTokens, costMicros, source } = usage
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>{completions.toLocaleString('en')}</td>
      <td title={`${promptTokens.toLocaleString('en')} sent, ${completionTokens.toLocaleString('en')} written`}>
        {source === 'ESTIMATED' && 'about '}
        {totalTokens.toLocaleString('en')}
      </td>
      <td>{typeof costMicros === 'number' ? `$${(costMicros / 1e6).toFixed(4)}` : '–'}</td>
    </tr>
  )
}

/** An unknown cost is left out of the sum, which is unknown if all are. */
function sumOf(buckets: readonly BucketFieldsFragment[]): BucketFieldsFragment {
  const sum = (count: (bucket: BucketFieldsFragment) => number) =>
    buckets.reduce((total, bucket) => total + count(bucket), 0)
  const hasCost = buckets.some(({ usage }) => usage.costMicros !== null)
  const isEstimated = buckets.some(({ usage }) => usage.source === 'ESTIMATED')
  return {
    completions: sum(({ completions }) => completions),
    usage: {
      promptTokens: sum(({ usage }) => usage.promptTokens),
      completionTokens: sum(({ usage }) => usage.completionTokens),
      totalTokens: sum(({ usage }) => usage.totalTokens),
      costMicros: hasCost ? sum(({ usage }) => usage.costMicros ?? 0) : null,
      source: isEstimated ? 'ESTIMATED' : 'PROVIDER',
    },
  }
}
