import { refusedParameters } from '../../upstream/refused-parameter.ts'
import type { Upstreams } from '../../upstream/upstream.ts'
import { invalidInput } from '../access/error.ts'
import type { CompletionInput } from './completion-input.ts'

const refused = new Set<string>(refusedParameters)

/** Throws INVALID_INPUT for a refused parameter, unless all upstreams of the model allow it. */
export function checkParameters(upstreams: Upstreams, model: string, input: CompletionInput, path: string): void {
  const { extraBody, wireParameters } = input
  for (const [field, given] of Object.entries({ extraBody, wireParameters })) {
    const name = Object.keys(given ?? {}).find((each) => refused.has(each) && !upstreams.allows(model, each))
    if (name === undefined) continue
    throw invalidInput(
      `${path}.${field}.${name}`,
      'is not taken from clients: this server decides which upstream is asked, and what is stored or paid',
    )
  }
}
