import { useState } from 'react'
import { type Client, useClient } from 'urql'
import { sentence } from '../connection/sentence.ts'
import { FormDialog } from '../frame/dialog.tsx'
import { addressOf } from '../frame/use-route.ts'
import { graphql } from '../generated/gql.ts'
import type { CompletionDefaultsInput } from '../generated/graphql.ts'
import type { StoredConversation } from './use-stored-conversation.ts'

const UpdateSettings = graphql(`
  mutation UpdateSettings($id: ID!, $input: UpdateConversationInput!) {
    updateConversation(id: $id, input: $input) {
      __typename
      ... on ConversationPayload { conversation { id } }
      ... on Error { message }
    }
  }
`)

const CreateConversation = graphql(`
  mutation CreateConversation($input: CreateConversationInput!) {
    createConversation(input: $input) {
      __typename
      ... on ConversationPayload { conversation { id } }
      ... on Error { message }
    }
  }
`)

interface SettingsDialogProps {
  /** Null if there is no conversation yet. It is then created with these settings. */
  conversation: StoredConversation | null
  models: readonly { id: string }[]
  onClose: () => void
}

export function SettingsDialog({ conversation, models, onClose }: SettingsDialogProps) {
  const client = useClient()
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)
  const [systemPrompt, setSystemPrompt] = useState(conversation?.systemPrompt ?? '')
  const [defaults, setDefaults] = useState<CompletionDefaultsInput>(conversation?.defaults ?? {})
  const change = (more: CompletionDefaultsInput) => setDefaults((defaults) => ({ ...defaults, ...more }))

  async function save() {
    setBusy(true)
    const result = await store(client, conversation?.id ?? null, inputOf(systemPrompt, defaults))
    setBusy(false)
    if ('problem' in result) return setProblem(result.problem)
    onClose()
    if (conversation === null) location.hash = addressOf(result.id)
  }

  return (
    <FormDialog
      title="Settings of this conversation"
      action="Save"
      {...{ isBusy, problem, onClose }}
      onConfirm={() => void save()}
    >
      <label className="field">
        System prompt
        <textarea
          dir="auto"
          rows={4}
          value={systemPrompt}
          placeholder="You are a patient teacher who answers briefly."
          onChange={(event) => setSystemPrompt(event.target.value)}
        />
      </label>
      <label className="field">
        Model, where none is chosen below the question
        <select value={defaults.model ?? ''} onChange={(event) => change({ model: event.target.value || null })}>
          <option value="">The server's default</option>
          {models.map(({ id }) => (
            <option key={id} value={id}>
              {id}
            </option>
          ))}
        </select>
      </label>
      <div className="fields">
        <NumberField
          label="Temperature"
          max={2}
          step={0.1}
          value={defaults.temperature}
          onChange={(temperature) => change({ temperature })}
        />
        <NumberField label="Top P" max={1} step={0.05} value={defaults.topP} onChange={(topP) => change({ topP })} />
        <NumberField
          label="Most tokens"
          min={1}
          step={1}
          value={defaults.maxTokens}
          onChange={(maxTokens) => change({ maxTokens })}
        />
      </div>
      <label className="field">
        What is sent of a long conversation
        <select
          value={defaults.contextStrategy ?? 'FULL'}
          onChange={({ target }) => change({ contextStrategy: strategies.find((each) => each === target.value) })}
        >
          <option value="FULL">All of it</option>
          <option value="LAST_N">The last messages</option>
          <option value="TOKEN_BUDGET">As much as the model takes</option>
        </select>
      </label>
    </FormDialog>
  )
}

function inputOf(systemPrompt: string, defaults: CompletionDefaultsInput) {
  const { model, temperature, topP, maxTokens, contextStrategy } = defaults
  return {
    systemPrompt: systemPrompt.trim() || null,
    defaults: { model, temperature, topP, maxTokens, contextStrategy },
  }
}

type Stored = { id: string } | { problem: string }

async function store(client: Client, id: string | null, input: ReturnType<typeof inputOf>): Promise<Stored> {
  const { data, error } =
    id === null
      ? await client.mutation(CreateConversation, { input })
      : await client.mutation(UpdateSettings, { id, input })
  if (error) return { problem: sentence(error) }
  const result = data && ('createConversation' in data ? data.createConversation : data.updateConversation)
  if (result?.__typename === 'ConversationPayload') return result.conversation
  return { problem: result && 'message' in result ? result.message : 'Nothing was changed.' }
}

const strategies = ['FULL', 'LAST_N', 'TOKEN_BUDGET'] as const

interface NumberFieldProps {
  label: string
  min?: number
  max?: number
  step: number
  value: number | null | undefined
  onChange: (value: number | null) => void
}

function NumberField({ label, min = 0, max, step, value, onChange }: NumberFieldProps) {
  return (
    <label className="field">
      {label}
      <input
        type="number"
        {...{ min, max, step }}
        placeholder="default"
        value={value ?? ''}
        onChange={({ target }) => onChange(target.value === '' ? null : Number(target.value))}
      />
    </label>
  )
}
