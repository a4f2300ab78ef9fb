import { builder } from '../builder.ts'

export const CompletionStatus = builder.enumType('CompletionStatus', {
  description:
    'Whether a completion is in progress, or how it ended. Only COMPLETED means that the answer is complete.',
  values: {
    IN_PROGRESS: {
      description: 'The model is answering, or the completion waits for its turn (`ifBusy: QUEUE`).',
    },
    COMPLETED: { description: 'The model finished the answer. The finish reasons say how.' },
    CANCELLED: { description: 'Somebody stopped it. The text so far is kept.' },
    FAILED: {
      description:
        'The upstream refused the request, reported an error or broke the protocol. The text so far is kept.',
    },
    INTERRUPTED: {
      description:
        'It was cut off: by a lost connection, a timeout, an end without a finish reason, or the loss or shutdown of a server. The text so far is kept.',
    },
  },
})
