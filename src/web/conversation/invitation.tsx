import { useMutation } from 'urql'
import { sentence } from '../connection/sentence.ts'
import { Icon } from '../frame/icon.tsx'
import { addressOf } from '../frame/use-route.ts'
import { graphql } from '../generated/gql.ts'

const AcceptInvitation = graphql(`
  mutation AcceptInvitation($token: String!) {
    acceptInvitation(token: $token) {
      __typename
      ... on ConversationPayload { conversation { id } }
      ... on Error { message }
    }
  }
`)

/** An invitation is accepted by a click and not by the visit, so that people can sign in before. */
export function Invitation({ token }: { token: string }) {
  const [{ fetching, data, error }, accept] = useMutation(AcceptInvitation)
  const result = data?.acceptInvitation
  const refusal = result && 'message' in result ? result.message : null
  const problem = error ? sentence(error) : refusal

  async function join() {
    const joined = (await accept({ token })).data?.acceptInvitation
    if (!joined || !('conversation' in joined)) return
    // This replaces the invitation in the history, so that going back does not lead to it.
    location.replace(addressOf(joined.conversation.id))
  }

  return (
    <section className="conversation" aria-label="Invitation">
      <header className="conversation-header">
        <title>Invitation · Antiphon</title>
        <button type="button" className="quiet open-sidebar" popoverTarget="conversations" aria-label="Conversations">
          <Icon name="menu" />
        </button>
        <h1>Invitation</h1>
      </header>
      <div className="column">
        <div className="welcome">
          <h2>You are invited</h2>
          <p>Somebody wants you to take part in a conversation.</p>
          <p>
            <button type="button" className="primary" disabled={fetching} onClick={() => void join()}>
              Join
            </button>
          </p>
        </div>
        {problem !== null && (
          <p role="alert" className="problem">
            {problem}
          </p>
        )}
      </div>
    </section>
  )
}
