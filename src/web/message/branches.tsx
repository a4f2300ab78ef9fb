import { useEffect } from 'react'
import { useMutation, useQuery } from 'urql'
import { Icon } from '../frame/icon.tsx'
import { graphql } from '../generated/gql.ts'

const Siblings = graphql(`
  query Siblings($id: ID!) {
    node(id: $id) {
      __typename
      ... on Message { id siblings { id } }
    }
  }
`)

const SelectBranch = graphql(`
  mutation SelectBranch($id: ID!) {
    selectBranch(messageId: $id) {
      __typename
      ... on ConversationPayload { conversation { id currentLeaf { id } } }
      ... on Error { message }
    }
  }
`)

interface BranchesProps {
  id: string
  siblingsCount: number
  what: 'answer' | 'question'
  /** Is called when another version is selected. */
  onSwitch: () => void
}

/** Tells which version of a message is shown, and switches to the others. */
export function Branches(props: BranchesProps) {
  return props.siblingsCount > 1 ? <BranchSwitch {...props} /> : null
}

function BranchSwitch({ id, siblingsCount, what, onSwitch }: BranchesProps) {
  const [{ data }, refresh] = useQuery({ query: Siblings, variables: { id } })
  const [{ fetching }, select] = useMutation(SelectBranch)
  const ids = data?.node?.__typename === 'Message' ? data.node.siblings.map((sibling) => sibling.id) : []
  const at = ids.indexOf(id)
  const isStale = ids.length > 0 && ids.length !== siblingsCount
  useEffect(() => {
    if (isStale) refresh({ requestPolicy: 'network-only' })
  }, [isStale, refresh])

  const step = (by: -1 | 1, label: string) => {
    const target = ids[at + by]
    const show = async (id: string) => {
      await select({ id })
      onSwitch()
    }
    return (
      <button
        type="button"
        className="quiet"
        aria-label={`${label} ${what}`}
        disabled={fetching || at === -1 || target === undefined}
        onClick={() => target !== undefined && void show(target)}
      >
        <Icon name={by === -1 ? 'left' : 'right'} />
      </button>
    )
  }

  return (
    <fieldset className="branches" aria-label={`Versions of this ${what}`}>
      {step(-1, 'Previous')}
      <span>
        {at === -1 ? '…' : at + 1}/{siblingsCount}
      </span>
      {step(1, 'Next')}
    </fieldset>
  )
}
