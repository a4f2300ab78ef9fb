import { AuthError } from './error.ts'

export interface Identity {
  /** stable and unique: what a user is found by */
  subject: string
  name: string
}

/** Takes the text of an Authorization header, null without one; rejects with AuthError when it names nobody we know. */
export type SignIn = (authorization: string | null) => Promise<Identity>

export function createSignIn(auth: { mode: 'dev' }): SignIn {
  return signIns[auth.mode]
}

const signIns = { dev: signInByName }

async function signInByName(authorization: string | null): Promise<Identity> {
  if (authorization === null) return { subject: 'dev', name: 'dev' }
  // ASCII alone: a header's other bytes arrive as Latin-1 over HTTP and as Unicode over WebSocket, as two people.
  const name = /^Dev +([\x21-\x7e]{1,64})$/i.exec(authorization)?.[1]
  // One message for every cause: what is wrong with a credential is nobody's business but its owner's.
  if (!name) throw new AuthError('These credentials are not known here. Sign in with `Authorization: Dev <name>`.')
  return { subject: name, name }
}
