const questions = [
  { title: 'What can you do?', detail: 'Two minutes about this service' },
  { title: 'How do I resume a stream?', detail: 'Cursors, snapshots and deltas' },
  { title: 'How do I start Antiphon with a real model?', detail: 'One setting, any OpenAI-compatible server' },
  { title: 'Show me a query in GraphQL', detail: 'A document to paste into GraphiQL' },
]

/** An empty conversation, with suggestions for a first question. */
export function Welcome({ name, onAsk }: { name: string | null; onAsk: (question: string) => void }) {
  return (
    <div className="welcome">
      <h2>{name === null ? 'What would you like to know?' : `What would you like to know, ${name}?`}</h2>
      <p>The answer belongs to the server: reload, lose the network, come back, and it is all here.</p>
      <ul>
        {questions.map(({ title, detail }) => (
          <li key={title}>
            <button type="button" onClick={() => onAsk(title)}>
              <strong>{title}</strong>
              <span>{detail}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  )
}
