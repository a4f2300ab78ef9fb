import type { HttpPlugin } from '../http-context.ts'
import type { Admit } from './admission.ts'

/** Lets the admission, which is that of every door, do what Yoga's own parsing and validation would do. */
export function createAdmissionPlugin(admit: Admit): HttpPlugin {
  return {
    onParams({ params, context, setParams }) {
      const admission = admit(params)
      // Yoga tells the errors of an error with several as one answer.
      if ('errors' in admission) throw new AggregateError(admission.errors)
      const { admitted } = admission
      context.admitted = admitted
      setParams({ query: params.query, operationName: admitted.operationName, variables: admitted.variableValues })
    },
    onParse: ({ context, setParsedDocument }) => setParsedDocument(context.admitted.document),
    onValidate: ({ setResult }) => setResult([]),
  }
}
