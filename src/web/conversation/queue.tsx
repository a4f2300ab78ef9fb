import { Icon } from '../frame/icon.tsx'
import { maxFollowUps, type useQueue } from './use-queue.ts'

/** The follow-ups that wait for their turn. */
export function Queue({ drafts, isFull, isHeld, remove, resume }: ReturnType<typeof useQueue>) {
  if (drafts.length === 0) return null
  return (
    <section className="queue" aria-label="Follow-ups that wait">
      <ol>
        {drafts.map(({ id, text, pictures }) => (
          <li key={id}>
            <span dir="auto">{text || `${pictures.length} pictures`}</span>
            <button type="button" className="quiet" aria-label="Remove follow-up" onClick={() => remove(id)}>
              <Icon name="close" />
            </button>
          </li>
        ))}
      </ol>
      <p role="status">
        {isFull && `At most ${maxFollowUps} follow-ups can wait. You can send another one when an answer ends.`}
      </p>
      {isHeld && (
        <p>
          The last answer did not end well, so these wait.{' '}
          <button type="button" onClick={resume}>
            Ask them now
          </button>
        </p>
      )}
    </section>
  )
}
