import { builder } from './builder.ts'
import './api-key.ts'
import './branch.ts'
import './completion.ts'
import './conversation.ts'
import './conversation-event.ts'
import './invitation.ts'
import './message-search.ts'
import './model.ts'
import './node.ts'
import './user.ts'
import { directives } from './cost.ts'
import { metered } from './metered.ts'
import { printWithDirectives } from './print.ts'

export const schema = metered(builder.toSchema({ directives }))

/** The text of schema.graphql. Printed when asked for, since that costs a start some milliseconds. */
export function sdl(): string {
  return printWithDirectives(schema)
}
