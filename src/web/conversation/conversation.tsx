import { nodesOf } from '../connection/nodes.ts'
import { EarlierMessages, Messages } from '../message/messages.tsx'
import { AskBox } from './ask-box.tsx'
import { ConversationHeader } from './conversation-header.tsx'
import { ModelPicker, useModel } from './model-picker.tsx'
import { Presence, useTyping } from './presence.tsx'
import { type ConversationOptions, useConversation } from './use-conversation.ts'
import { useFollowingScroll } from './use-following-scroll.ts'

export function Conversation(options: Omit<ConversationOptions, 'model'>) {
  const model = useModel()
  const conversation = useConversation({ ...options, model: model.chosen })
  const { stored, isMissing, asked, answer, isAnswering, problem } = conversation
  const scroll = useFollowingScroll(asked)
  const onType = useTyping(stored?.id ?? null)
  const isRejected = answer.problem !== null && answer.completion === null
  const mayAsk = !isMissing && stored?.viewerRole !== 'VIEWER'

  return (
    <section className="conversation" aria-label="Conversation">
      <ConversationHeader conversation={stored} />
      {stored !== null && <Presence conversationId={stored.id} />}
      <div className="thread" ref={scroll.frame}>
        <div className="column" ref={scroll.content}>
          {options.conversationId === null && asked === null && <Welcome />}
          {isMissing && <p className="hint">This conversation does not exist, or you may not see it.</p>}
          {stored?.messages.pageInfo.hasPreviousPage && (
            <EarlierMessages
              conversationId={stored.id}
              before={stored.messages.pageInfo.startCursor ?? null}
              onRetry={conversation.askAgain}
            />
          )}
          <Messages
            stored={nodesOf(stored?.messages.edges ?? null)}
            {...{ asked, answer, isAnswering }}
            onRetry={conversation.askAgain}
          />
          {problem !== null && (
            <p role="alert" className="problem">
              {problem}
            </p>
          )}
        </div>
      </div>
      {mayAsk && (
        <div className="column asking">
          <AskBox
            // A question that was refused goes back into the box.
            key={isRejected ? 'again' : 'next'}
            initialText={isRejected ? (asked?.question ?? '') : ''}
            isAnswering={isAnswering}
            onStop={conversation.stop}
            onType={onType}
            onAsk={conversation.askNext}
          />
          <ModelPicker {...model} usual={stored?.defaults.model ?? null} />
        </div>
      )}
    </section>
  )
}

function Welcome() {
  return (
    <div className="welcome">
      <p className="brand">Antiphon</p>
      <p>Ask something. The answer belongs to the server: reload, lose the network, come back, and it is all here.</p>
    </div>
  )
}
