import { lazy, Suspense, useState } from 'react'
import { useClient, useMutation } from 'urql'
import { Icon } from '../frame/icon.tsx'
import { Menu, type MenuItem } from '../frame/menu.tsx'
import { titleOf } from '../frame/title.ts'
import { graphql } from '../generated/gql.ts'
import { Presence } from './presence.tsx'
import type { StoredConversation } from './use-stored-conversation.ts'

const DeleteDialog = lazy(async () => ({ default: (await import('./delete-dialog.tsx')).DeleteDialog }))
const PeopleDialog = lazy(async () => ({ default: (await import('./people-dialog.tsx')).PeopleDialog }))
const RenameDialog = lazy(async () => ({ default: (await import('./rename-dialog.tsx')).RenameDialog }))
const SettingsDialog = lazy(async () => ({ default: (await import('./settings-dialog.tsx')).SettingsDialog }))

const ArchiveConversation = graphql(`
  mutation ArchiveConversation($id: ID!, $isArchived: Boolean!) {
    updateConversation(id: $id, input: { archived: $isArchived }) {
      __typename
      ... on ConversationPayload { conversation { id archivedAt } }
      ... on Error { message }
    }
  }
`)

interface ConversationHeaderProps {
  /** Null if the conversation is new, or if `isKnown` is false. */
  conversation: StoredConversation | null
  /** False while the conversation is being read. */
  isKnown: boolean
  /** An answer ended while the person looked at another tab. */
  isUnseen: boolean
  models: readonly { id: string }[]
}

type DialogName = 'rename' | 'delete' | 'people' | 'settings'

export function ConversationHeader({ conversation, isKnown, isUnseen, models }: ConversationHeaderProps) {
  const [dialog, setDialog] = useState<DialogName | null>(null)
  const close = () => setDialog(null)
  const title = conversation === null ? 'New conversation' : titleOf(conversation)
  const items = useItems(conversation, title, setDialog)
  return (
    <header className="conversation-header">
      <title>{`${isUnseen ? '✓ ' : ''}${title} · Antiphon`}</title>
      <button type="button" className="quiet open-sidebar" popoverTarget="conversations" aria-label="Conversations">
        <Icon name="menu" />
      </button>
      <h1 title={title} dir="auto">
        {title}
      </h1>
      {conversation !== null && <Presence conversationId={conversation.id} />}
      {conversation !== null && (
        <button type="button" className="quiet" aria-label="People" title="People" onClick={() => setDialog('people')}>
          <Icon name="people" />
        </button>
      )}
      {conversation?.viewerRole !== 'VIEWER' && (
        <button
          type="button"
          className="quiet"
          aria-label="Settings"
          title="System prompt and parameters"
          disabled={!isKnown}
          onClick={() => setDialog('settings')}
        >
          <Icon name="settings" />
        </button>
      )}
      {conversation !== null && <Menu label="More" items={items} />}
      <Suspense>
        {dialog === 'settings' && <SettingsDialog conversation={conversation} models={models} onClose={close} />}
        {conversation !== null && dialog === 'people' && (
          <PeopleDialog conversationId={conversation.id} onClose={close} />
        )}
        {conversation !== null && dialog === 'rename' && (
          <RenameDialog id={conversation.id} title={conversation.title ?? title} onClose={close} />
        )}
        {conversation !== null && dialog === 'delete' && (
          <DeleteDialog id={conversation.id} title={title} onClose={close} />
        )}
      </Suspense>
    </header>
  )
}

function useItems(
  conversation: StoredConversation | null,
  title: string,
  open: (dialog: DialogName) => void,
): MenuItem[] {
  const client = useClient()
  const [, archive] = useMutation(ArchiveConversation)
  if (conversation === null) return []
  const { id, archivedAt, viewerRole } = conversation
  const isArchived = Boolean(archivedAt)
  async function save(format: 'markdown' | 'json') {
    const { exportConversation } = await import('./export.ts')
    await exportConversation(client, id, title, format)
  }
  const reading = [
    { label: 'Export as Markdown', onChoose: () => void save('markdown') },
    { label: 'Export as JSON', onChoose: () => void save('json') },
  ]
  if (viewerRole === 'VIEWER') return reading
  const writing = [
    { label: 'Rename', onChoose: () => open('rename') },
    {
      label: isArchived ? 'Take out of the archive' : 'Archive',
      onChoose: () => void archive({ id, isArchived: !isArchived }),
    },
  ]
  const owning = viewerRole === 'OWNER' ? [{ label: 'Delete', isDangerous: true, onChoose: () => open('delete') }] : []
  return [...writing, ...reading, ...owning]
}
