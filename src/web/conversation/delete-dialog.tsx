import { useMutation } from 'urql'
import { sentence } from '../connection/sentence.ts'
import { FormDialog } from '../frame/dialog.tsx'
import { graphql } from '../generated/gql.ts'

const DeleteConversation = graphql(`
  mutation DeleteConversation($id: ID!) {
    deleteConversation(id: $id) {
      __typename
      ... on DeletePayload { deletedId }
      ... on Error { message }
    }
  }
`)

// The payload contains no Conversation, so the cache could not know that its lists are out of date.
const affects = { additionalTypenames: ['Conversation'] }

interface DeleteDialogProps {
  id: string
  title: string
  onClose: () => void
}

export function DeleteDialog({ id, title, onClose }: DeleteDialogProps) {
  const [{ fetching, data, error }, remove] = useMutation(DeleteConversation)
  const deletion = data?.deleteConversation
  const refusal = deletion && 'message' in deletion ? deletion.message : null

  async function confirm() {
    const result = await remove({ id }, affects)
    if (result.data?.deleteConversation?.__typename === 'DeletePayload') location.hash = '#/'
  }

  return (
    <FormDialog
      title="Delete this conversation?"
      action="Delete"
      isDangerous
      isBusy={fetching}
      problem={error ? sentence(error) : refusal}
      onConfirm={() => void confirm()}
      onClose={onClose}
    >
      <p>“{title}” and all its messages will be gone for everyone who takes part in it.</p>
    </FormDialog>
  )
}
