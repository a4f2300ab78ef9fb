import { useState } from 'react'
import { useClient, useQuery } from 'urql'
import { nodesOf } from '../connection/nodes.ts'
import { sentence } from '../connection/sentence.ts'
import { Viewer } from '../connection/viewer.ts'
import { CopyButton } from '../frame/copy-button.tsx'
import { Modal } from '../frame/dialog.tsx'
import { Icon } from '../frame/icon.tsx'
import { graphql } from '../generated/gql.ts'
import type { ParticipantRole } from '../generated/graphql.ts'

const People = graphql(`
  query People($id: ID!) {
    conversation(id: $id) {
      id
      viewerRole
      participants(first: 100) {
        edges { node { id role user { id name } } }
      }
    }
  }
`)

const Invite = graphql(`
  mutation Invite($input: CreateInvitationInput!) {
    createInvitation(input: $input) {
      __typename
      ... on InvitationPayload { url }
      ... on Error { message }
    }
  }
`)

const SetRole = graphql(`
  mutation SetRole($conversationId: ID!, $userId: ID!, $role: ParticipantRole!) {
    updateParticipant(conversationId: $conversationId, userId: $userId, role: $role) {
      __typename
      ... on ConversationPayload { conversation { id participants(first: 1) { edges { node { id } } } } }
      ... on Error { message }
    }
  }
`)

const RemovePerson = graphql(`
  mutation RemovePerson($conversationId: ID!, $userId: ID!) {
    removeParticipant(conversationId: $conversationId, userId: $userId) {
      __typename
      ... on ConversationPayload { conversation { id viewerRole } }
      ... on Error { message }
    }
  }
`)

const roles: Record<ParticipantRole, string> = { OWNER: 'Owner', EDITOR: 'Editor', VIEWER: 'Viewer' }
const roleNames: readonly ParticipantRole[] = ['OWNER', 'EDITOR', 'VIEWER']
const affects = { additionalTypenames: ['Participant', 'Conversation'] }

interface PeopleDialogProps {
  conversationId: string
  onClose: () => void
}

/** The participants with their roles, and the links with which others can join. */
export function PeopleDialog({ conversationId, onClose }: PeopleDialogProps) {
  const client = useClient()
  const [{ data, error }] = useQuery({
    query: People,
    variables: { id: conversationId },
    requestPolicy: 'cache-and-network',
  })
  const [{ data: own }] = useQuery({ query: Viewer })
  const [problem, setProblem] = useState<string | null>(null)
  const isOwner = data?.conversation?.viewerRole === 'OWNER'
  const people = nodesOf(data?.conversation?.participants.edges ?? null)

  async function setRole(userId: string, role: ParticipantRole) {
    const result = await client.mutation(SetRole, { conversationId, userId, role }, affects)
    const refusal = result.data?.updateParticipant
    setProblem(result.error ? sentence(result.error) : refusal && 'message' in refusal ? refusal.message : null)
  }
  async function remove(userId: string) {
    const result = await client.mutation(RemovePerson, { conversationId, userId }, affects)
    const refusal = result.data?.removeParticipant
    setProblem(result.error ? sentence(result.error) : refusal && 'message' in refusal ? refusal.message : null)
    if (refusal?.__typename === 'ConversationPayload' && userId === own?.viewer.id) location.hash = '#/'
  }

  return (
    <Modal title="People" onClose={onClose}>
      <ul className="people">
        {people.map(({ id, role, user }) => (
          <Person
            key={id}
            {...{ role, user, isOwner }}
            isSelf={user.id === own?.viewer.id}
            onRole={(role) => void setRole(user.id, role)}
            onRemove={() => void remove(user.id)}
          />
        ))}
      </ul>
      {(problem ?? (error && sentence(error))) && (
        <p role="alert" className="problem">
          {problem ?? (error && sentence(error))}
        </p>
      )}
      {isOwner && <Invitations conversationId={conversationId} />}
    </Modal>
  )
}

interface PersonProps {
  role: ParticipantRole
  user: { id: string; name?: string | null }
  isOwner: boolean
  isSelf: boolean
  onRole: (role: ParticipantRole) => void
  onRemove: () => void
}

function Person({ role, user, isOwner, isSelf, onRole, onRemove }: PersonProps) {
  const name = user.name ?? 'Somebody'
  return (
    <li>
      <span>
        {name}
        {isSelf && ' (you)'}
      </span>
      {isOwner ? (
        <select aria-label={`Role of ${name}`} value={role} onChange={({ target }) => onRole(roleIn(target.value))}>
          {roleNames.map((each) => (
            <option key={each} value={each}>
              {roles[each]}
            </option>
          ))}
        </select>
      ) : (
        <span className="hint">{roles[role]}</span>
      )}
      {(isOwner || isSelf) && (
        <button type="button" className="quiet" aria-label={isSelf ? 'Leave' : `Remove ${name}`} onClick={onRemove}>
          <Icon name="close" />
        </button>
      )}
    </li>
  )
}

function roleIn(value: string): ParticipantRole {
  return roleNames.find((role) => role === value) ?? 'VIEWER'
}

function Invitations({ conversationId }: { conversationId: string }) {
  const client = useClient()
  const [role, setRole] = useState<ParticipantRole>('EDITOR')
  const [url, setUrl] = useState<string | null>(null)
  const [problem, setProblem] = useState<string | null>(null)

  async function invite() {
    const { data, error } = await client.mutation(Invite, { input: { conversationId, role } })
    const result = data?.createInvitation
    setUrl(result?.__typename === 'InvitationPayload' ? result.url : null)
    setProblem(error ? sentence(error) : result && 'message' in result ? result.message : null)
  }

  return (
    <section className="invite" aria-label="Invite">
      <h3>Invite with a link</h3>
      <div className="row">
        <select
          aria-label="Role of whom you invite"
          value={role}
          onChange={({ target }) => setRole(roleIn(target.value))}
        >
          <option value="EDITOR">may write</option>
          <option value="VIEWER">may read</option>
        </select>
        <button type="button" className="primary" onClick={() => void invite()}>
          Make a link
        </button>
      </div>
      {url !== null && (
        <div className="row">
          <input aria-label="Invitation" value={url} readOnly onFocus={(event) => event.target.select()} />
          <CopyButton text={url} label="Copy link" />
        </div>
      )}
      <p className="hint">The link works for seven days. Whoever has it may come in.</p>
      {problem !== null && (
        <p role="alert" className="problem">
          {problem}
        </p>
      )}
    </section>
  )
}
