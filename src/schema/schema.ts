import { builder } from './builder.ts'
import './api-key.ts'
import './conversation/branch.ts'
import './completion/completion.ts'
import './completion/usage-bucket.ts'
import './conversation/conversation.ts'
import './conversation/conversation-event.ts'
import './conversation/invitation.ts'
import './conversation/message-search.ts'
import './conversation/presence.ts'
import './conversation/viewer-event.ts'
import './error-code.ts'
import './completion/model.ts'
import './node.ts'
import './user.ts'
import { directives } from './cost.ts'
import { metered } from './metered.ts'
import { printWithDirectives } from './print.ts'

export const schema = metered(builder.toSchema({ directives }))

/** The text of schema.graphql. It is printed on demand, because printing would add some milliseconds to the start. */
export function sdl(): string {
  return printWithDirectives(schema)
}
