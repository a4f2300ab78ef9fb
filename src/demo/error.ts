interface WireDetails {
  type?: string
  param?: string | null
  code?: string | null
  headers?: Record<string, string>
}

/** A refusal as the wire format words it; `status` is that of the HTTP answer. */
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
