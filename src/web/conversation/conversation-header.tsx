import { useState } from 'react'
import { titleOf } from '../frame/title.ts'
import type { TitleFieldsFragment } from '../generated/graphql.ts'
import { DeleteDialog } from './delete-dialog.tsx'
import { RenameDialog } from './rename-dialog.tsx'

interface ConversationHeaderProps {
  conversation: (TitleFieldsFragment & { id: string; viewerRole: string }) | null
}

export function ConversationHeader({ conversation }: ConversationHeaderProps) {
  const [dialog, setDialog] = useState<'rename' | 'delete' | null>(null)
  const close = () => setDialog(null)
  const title = conversation === null ? 'New conversation' : titleOf(conversation)
  return (
    <header className="conversation-header">
      <title>{`${title} · Antiphon`}</title>
      <button type="button" className="menu" popoverTarget="conversations" aria-label="Conversations">
        ☰
      </button>
      <h1 title={title}>{title}</h1>
      {conversation !== null && conversation.viewerRole !== 'VIEWER' && (
        <button type="button" className="quiet" onClick={() => setDialog('rename')}>
          Rename
        </button>
      )}
      {conversation !== null && conversation.viewerRole === 'OWNER' && (
        <button type="button" className="quiet" onClick={() => setDialog('delete')}>
          Delete
        </button>
      )}
      {conversation !== null && dialog === 'rename' && (
        <RenameDialog id={conversation.id} title={conversation.title ?? title} onClose={close} />
      )}
      {conversation !== null && dialog === 'delete' && (
        <DeleteDialog id={conversation.id} title={title} onClose={close} />
      )}
    </header>
  )
}
