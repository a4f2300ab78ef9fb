import { type KeyboardEvent, useDeferredValue, useEffect, useState } from 'react'
import { useQuery } from 'urql'
import { nodesOf } from '../connection/nodes.ts'
import { sentence } from '../connection/sentence.ts'
import { Modal } from '../frame/dialog.tsx'
import { titleOf } from '../frame/title.ts'
import { addressOf } from '../frame/use-route.ts'
import { graphql } from '../generated/gql.ts'

const Search = graphql(`
  query Search($words: String!) {
    conversations(first: 8, filter: { titleContains: $words }) {
      edges { node { id ...TitleFields } }
    }
    searchMessages(query: $words, first: 12) {
      edges {
        excerpt { text isMatch }
        node { id role conversation { id ...TitleFields } }
      }
    }
  }
`)

const pauseMs = 200

/** Searches the titles of the conversations and the text of their messages. */
export function SearchDialog({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState('')
  const words = usePaused(text.trim())
  const [{ data, error, fetching }] = useQuery({ query: Search, variables: { words }, pause: words === '' })
  const shown = useDeferredValue(words === '' ? undefined : data)
  const titles = nodesOf(shown?.conversations?.edges ?? null)
  const messages = shown?.searchMessages?.edges ?? []
  const isNothing = words !== '' && !fetching && shown !== undefined && titles.length + messages.length === 0

  return (
    <Modal title="Search" className="search" onClose={onClose}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the arrows move between the links in it */}
      <div onKeyDown={move}>
        <input
          type="search"
          aria-label="Search conversations and messages"
          placeholder="Words in a title or a message"
          value={text}
          maxLength={500}
          onChange={(event) => setText(event.target.value)}
        />
        <div className="found" role="status">
          {error && <p className="problem">{sentence(error)}</p>}
          {isNothing && <p className="hint">Nothing was found.</p>}
        </div>
        {titles.length > 0 && <h3>Conversations</h3>}
        <ul>
          {titles.map((conversation) => (
            <li key={conversation.id}>
              <a href={addressOf(conversation.id)} onClick={onClose} dir="auto">
                {titleOf(conversation)}
              </a>
            </li>
          ))}
        </ul>
        {messages.length > 0 && <h3>Messages</h3>}
        <ul>
          {messages.map(({ node, excerpt }) => (
            <li key={node.id}>
              <a href={addressOf(node.conversation?.id ?? '')} onClick={onClose} dir="auto">
                <span className="hint">{node.conversation && titleOf(node.conversation)}</span>
                {excerpt.map(({ text, isMatch }, index) =>
                  // biome-ignore lint/suspicious/noArrayIndexKey: an excerpt never changes
                  isMatch ? <mark key={index}>{text}</mark> : <span key={index}>{text}</span>,
                )}
              </a>
            </li>
          ))}
        </ul>
      </div>
    </Modal>
  )
}

function usePaused(text: string): string {
  const [paused, setPaused] = useState(text)
  useEffect(() => {
    const timer = setTimeout(() => setPaused(text), pauseMs)
    return () => clearTimeout(timer)
  }, [text])
  return paused
}

/** The arrow keys move through the results, and Enter in the text box opens the first one. */
function move(event: KeyboardEvent<HTMLDivElement>) {
  const stops = [...event.currentTarget.querySelectorAll<HTMLElement>('input, a')]
  const at = stops.findIndex((stop) => stop.matches(':focus'))
  if (event.key === 'Enter' && at === 0 && !event.nativeEvent.isComposing) stops[1]?.click()
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
  if (step === undefined) return
  event.preventDefault()
  stops[(at + step + stops.length) % stops.length]?.focus()
}
