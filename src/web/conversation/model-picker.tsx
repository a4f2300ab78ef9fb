import { useState } from 'react'
import { readStored, writeStored } from '../connection/stored.ts'
import { useKeptQuery } from '../connection/use-kept-query.ts'
import { graphql } from '../generated/gql.ts'

const Models = graphql(`
  query Models {
    models { id upstream }
  }
`)

const modelKey = 'antiphon.model'

/** The available models, and the one that this person chose last; empty if the server chooses. */
export function useModel() {
  const { data } = useKeptQuery({ query: Models, variables: {} })
  const [stored, setStored] = useState(() => readStored(modelKey))
  const models = data?.models ?? []
  const chosen = models.some(({ id }) => id === stored) ? stored : ''

  function choose(id: string) {
    setStored(id)
    writeStored(modelKey, id)
  }

  return { models, chosen, choose }
}

interface ModelPickerProps extends ReturnType<typeof useModel> {
  /** The model of the conversation if none is chosen. */
  usual: string | null
}

export function ModelPicker({ models, chosen, choose, usual }: ModelPickerProps) {
  const byDefault = usual ?? models[0]?.id
  return (
    <select className="model" aria-label="Model" value={chosen} onChange={(event) => choose(event.target.value)}>
      <option value="">{byDefault ? `Default (${byDefault})` : 'Default'}</option>
      {models.map(({ id, upstream }) => (
        <option key={`${upstream} ${id}`} value={id}>
          {id}
        </option>
      ))}
    </select>
  )
}

/** Tells that the answers come from the built-in model, so that nobody mistakes them for those of a real model. */
export function DemoHint({ models, chosen, usual }: ModelPickerProps) {
  const asked = chosen || usual || models[0]?.id
  if (!asked?.startsWith('demo')) return null
  return (
    <p className="demo">
      <strong>Demo model.</strong> It samples from a small text. Set <code>OPENAI_API_KEY</code> to ask a real one.
    </p>
  )
}
