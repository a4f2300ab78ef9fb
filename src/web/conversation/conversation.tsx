import { useCallback, useState } from 'react'
import { useQuery } from 'urql'
import { Viewer } from '../connection/viewer.ts'
import { titleOf } from '../frame/title.ts'
import { useEscape } from '../frame/use-shortcuts.ts'
import { Messages } from '../message/messages.tsx'
import { Composer } from './composer.tsx'
import { ConversationHeader } from './conversation-header.tsx'
import { DemoHint, ModelPicker, useModel } from './model-picker.tsx'
import { useTyping } from './presence.tsx'
import { Queue } from './queue.tsx'
import { Trouble } from './trouble.tsx'
import { type ConversationOptions, useConversation } from './use-conversation.ts'
import { useNotice } from './use-notice.ts'
import { useThreadScroll } from './use-thread-scroll.ts'
import { Welcome } from './welcome.tsx'

export function Conversation(options: Omit<ConversationOptions, 'model'>) {
  const model = useModel()
  const conversation = useConversation({ ...options, model: model.chosen })
  const { stored, messages, asked, answer, isAnswering, queue } = conversation
  const [{ data: own }] = useQuery({ query: Viewer })
  const [editingId, setEditingId] = useState<string | null>(null)
  const onType = useTyping(stored?.id ?? null)
  useEscape(conversation.stop)
  const isUnseen = useNotice(isAnswering, stored === null ? 'New conversation' : titleOf(stored))

  const refused = answer.problem !== null && answer.completion === null ? (asked?.question ?? null) : null
  const usual = stored?.defaults.model ?? null
  const isReader = stored?.viewerRole === 'VIEWER'
  const editLast = useCallback(() => {
    const last = messages.findLast(({ role, author }) => role === 'USER' && author?.id === own?.viewer.id)
    if (last) setEditingId(last.id)
  }, [messages, own])

  return (
    <section className="conversation" aria-label="Conversation">
      <ConversationHeader
        conversation={stored}
        isUnseen={isUnseen}
        isKnown={stored !== null || options.conversationId === null}
        models={model.models}
      />
      <Thread
        {...{ conversation, isReader, editingId }}
        viewer={own?.viewer ?? null}
        onEdit={setEditingId}
        isRefused={refused !== null}
      />
      {isReader && (
        <p className="column read-only">
          You may read this conversation, but not write in it. Its owner can change that.
        </p>
      )}
      {!isReader && !conversation.isMissing && (
        <div className="column asking">
          <Queue {...queue} />
          <Composer
            conversationId={options.conversationId}
            {...{ refused, isAnswering, onType }}
            isFull={queue.isFull}
            onStop={conversation.stop}
            onAsk={queue.add}
            onEditLast={editLast}
          >
            <ModelPicker {...model} usual={usual} />
          </Composer>
          <DemoHint {...model} usual={usual} />
        </div>
      )}
    </section>
  )
}

interface ThreadProps {
  conversation: ReturnType<typeof useConversation>
  viewer: { id: string; name?: string | null } | null
  isReader: boolean
  /** The refused question is in the composer again. */
  isRefused: boolean
  editingId: string | null
  onEdit: (id: string | null) => void
}

function Thread({ conversation, viewer, isReader, isRefused, editingId, onEdit }: ThreadProps) {
  const { messages, asked, answer, isAnswering, isLoading, isMissing, hasEarlier, problem, queue } = conversation
  const scroll = useThreadScroll({ ...conversation, firstId: messages[0]?.id })
  const isEmpty = asked === null && messages.length === 0 && problem === null
  return (
    <div className="thread" ref={scroll.frame}>
      <div className="column" ref={scroll.content}>
        {isEmpty && !isLoading && !isMissing && !isReader && (
          <Welcome name={viewer?.name ?? null} onAsk={(text) => queue.add({ text, pictures: [] })} />
        )}
        {isMissing && <p className="hint">This conversation does not exist, or you may not see it.</p>}
        {isLoading && asked === null && <p className="hint">Loading…</p>}
        {hasEarlier && <p className="hint earlier">Loading earlier messages…</p>}
        <Messages
          stored={messages}
          {...{ asked, answer, isAnswering, editingId, onEdit }}
          viewerId={viewer?.id ?? null}
          onRetry={isReader ? null : conversation.askAgain}
          onSave={isReader ? null : conversation.askEdited}
          onSwitch={conversation.forget}
        />
        {problem !== null && (
          <Trouble
            key={problem}
            problem={problem}
            rejection={answer.rejection}
            onRetry={isRefused ? null : () => tryAgain(conversation)}
          />
        )}
      </div>
    </div>
  )
}

/** Reads again what could not be read. A question that was refused is already in the composer. */
function tryAgain({ forget, refresh }: ReturnType<typeof useConversation>) {
  forget()
  refresh()
}
