import { createConnection } from '../connection.ts'

export const { Connection: ConversationConnection, Edge: ConversationEdge } = createConnection(
  'Conversation',
  "viewer's conversations, the last changed first",
)
