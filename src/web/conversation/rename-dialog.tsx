import { useState } from 'react'
import { useMutation } from 'urql'
import { sentence } from '../connection/sentence.ts'
import { FormDialog } from '../frame/dialog.tsx'
import { graphql } from '../generated/gql.ts'

const RenameConversation = graphql(`
  mutation RenameConversation($id: ID!, $title: String!) {
    updateConversation(id: $id, input: { title: $title }) {
      __typename
      ... on ConversationPayload { conversation { id title } }
      ... on Error { message }
    }
  }
`)

interface RenameDialogProps {
  id: string
  title: string
  onClose: () => void
}

export function RenameDialog({ id, title, onClose }: RenameDialogProps) {
  const [text, setText] = useState(title)
  const [{ fetching, data, error }, rename] = useMutation(RenameConversation)
  const update = data?.updateConversation
  const refusal = update && 'message' in update ? update.message : null

  async function confirm() {
    const result = await rename({ id, title: text.trim() })
    if (result.data?.updateConversation?.__typename === 'ConversationPayload') onClose()
  }

  return (
    <FormDialog
      title="Rename this conversation"
      action="Rename"
      isBusy={fetching}
      problem={error ? sentence(error) : refusal}
      onConfirm={() => void confirm()}
      onClose={onClose}
    >
      <label className="field">
        Title
        <input value={text} onChange={(event) => setText(event.target.value)} required maxLength={200} />
      </label>
    </FormDialog>
  )
}
