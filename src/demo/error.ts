interface WireDetails {
  type?: string
  param?: string | null
  code?: string | null
  headers?: Record<string, string>
}

/** An error in OpenAI's format. `status` is the HTTP status of the response. */
export class WireError extends Error {
  readonly status: number
  readonly details: WireDetails

  constructor(status: number, message: string, details: WireDetails = {}) {
    super(message)
    this.name = 'WireError'
    this.status = status
    this.details = details
  }
}

export function errorBody({ message, details }: WireError) {
  const { type = 'invalid_request_error', param = null, code = null } = details
  return { error: { message, type, param, code } }
}
