import type { HttpPlugin } from '../http-context.ts'
import type { Admit } from './admission.ts'

/** Replaces Yoga's own parsing and validation by the admission, which HTTP and WebSocket share. */
export function createAdmissionPlugin(admit: Admit): HttpPlugin {
  return {
    onParams({ params, context, setParams }) {
      const admission = admit(params)
      // Yoga puts all errors of an AggregateError into one response.
      if ('errors' in admission) throw new AggregateError(admission.errors)
      const { admitted } = admission
      context.admitted = admitted
      setParams({ query: params.query, operationName: admitted.operationName, variables: admitted.variableValues })
    },
    onParse: ({ context, setParsedDocument }) => setParsedDocument(context.admitted.document),
    onValidate: ({ setResult }) => setResult([]),
  }
}
