import { createHmac, createSign, KeyObject } from 'node:crypto'
import { EncryptJWT, exportSPKI } from 'jose'
import { claimsOf, createKey, inSeconds, part, type SigningKey, signToken } from './issuer.ts'

/** This text is in every credential that is refused. Nothing may ever repeat it. */
export const canary = 'canary-91bd'

type BadCredential = [what: string, authorization: string | null]

/** Texts that are no valid credentials if users sign in with tokens, whatever key signs the tokens. */
export const nobodys: BadCredential[] = [
  ['nothing', null],
  ['an empty text', ''],
  ['a scheme alone', 'Bearer'],
  ['a scheme and a space', 'Bearer '],
  ['Dev', `Dev ${canary}`],
  ['Basic', `Basic ${part(`${canary}:${canary}`)}`],
  ['an unknown scheme', `Token ${canary}`],
  ['no scheme', canary],
  ['a scheme that begins like ours', `BearerX ${canary}`],
  ['two tokens', `Bearer ${canary} ${canary}`],
  ['two credentials in one', `Bearer ${canary}, Dev alice`],
  ['a tab', `Bearer\t${canary}`],
  ['garbage', `Bearer ${canary}`],
  ['three parts of garbage', `Bearer ${canary}.${canary}.${canary}`],
  ['nothing between dots', 'Bearer ..'],
  ['three parts that are JSON', `Bearer ${part({})}.${part({})}.${part({})}`],
  ['a huge one', `Bearer ${canary}${'A'.repeat(20_000)}`],
  ['a huge one of parts', `Bearer ${part({ alg: 'RS256' })}.${'A'.repeat(12_000)}.${canary}`],
  ['an API key of nobody', `Bearer ak_${'0'.repeat(16)}_${'A'.repeat(43)}`],
  ['an API key cut short', `Bearer ak_${canary}`],
]

/** Texts that only look like tokens of these published keys: an RSA key for RS256 and an EC key for ES256. */
export async function forgeries(rsa: SigningKey, ec: SigningKey): Promise<BadCredential[]> {
  const good = await signToken(rsa, claimsOf(canary))
  const tokens = { ...(await wrongClaims(rsa)), ...(await wrongKeys(rsa, ec)), ...(await wrongShapes(good, rsa)) }
  return Object.entries(tokens).map(([what, token]) => [what, `Bearer ${token}`])
}

async function wrongClaims(key: SigningKey): Promise<Record<string, string>> {
  const wrong: Record<string, object> = {
    expired: { exp: inSeconds(-6) },
    'expired long ago': { exp: 1 },
    'not yet valid': { nbf: inSeconds(600) },
    'without exp': { exp: undefined },
    'exp as a text': { exp: `${inSeconds(60)}` },
    'exp of no calendar': { exp: 1e15 },
    'without sub': { sub: undefined },
    'an empty sub': { sub: '' },
    'a number as sub': { sub: 7 },
    'a list as sub': { sub: [canary] },
    'a sub too long to keep': { sub: `${canary}${'\u{1f642}'.repeat(600)}` },
    'without iss': { iss: undefined },
    'another issuer': { iss: 'https://other.example' },
    'nearly the issuer': { iss: 'https://id.example/' },
    'a list of issuers': { iss: ['https://id.example'] },
    'without aud': { aud: undefined },
    'another audience': { aud: 'mail' },
    'other audiences': { aud: ['mail', 'chat2'] },
    'an object as audience': { aud: { chat: true } },
  }
  const signed = Object.entries(wrong).map(async ([what, claims]) => [
    what,
    await signToken(key, claimsOf(canary, claims)),
  ])
  const endless = `{"iss":"https://id.example","aud":"chat","sub":"${canary}","exp":1e999}`
  return { ...Object.fromEntries(await Promise.all(signed)), 'exp for ever': signRs256(key, endless) }
}

function signRs256({ kid, privateKey }: SigningKey, payload: string, header: object = {}): string {
  const signed = `${part({ alg: 'RS256', kid, ...header })}.${part(payload)}`
  return `${signed}.${createSign('sha256').update(signed).sign(KeyObject.from(privateKey), 'base64url')}`
}

function signHs256(secret: string | Buffer, header: object): string {
  const signed = `${part({ alg: 'HS256', ...header })}.${part(claimsOf(canary))}`
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
}

async function wrongKeys(rsa: SigningKey, ec: SigningKey): Promise<Record<string, string>> {
  const stranger = await createKey('RS256', rsa.kid)
  const claims = claimsOf(canary)
  const { kid } = rsa
  return {
    'an unknown key': await signToken(stranger, claims, { kid: 'another' }),
    "a stranger's key under our name": await signToken(stranger, claims),
    "a stranger's key without a name": await signToken(stranger, claims, { kid: undefined }),
    'its own key in the header': await signToken(stranger, claims, { jwk: stranger.jwk }),
    'its own key elsewhere': await signToken(stranger, claims, { jku: 'http://127.0.0.1:1/keys', kid: 'x' }),
    'its own certificate': await signToken(stranger, claims, { x5c: [part(canary)], x5u: 'http://127.0.0.1:1/' }),
    'a name that is a path': signHs256('', { kid: '../../../../dev/null' }),
    'a name that is SQL': await signToken(stranger, claims, { kid: `' OR 1=1; --` }),
    'a name that is an object': `${part({ alg: 'RS256', kid: { $ne: null } })}.${part(claims)}.${part(canary)}`,
    'the public key as a secret': signHs256(await exportSPKI(rsa.publicKey), { kid }),
    'the JWK as a secret': signHs256(JSON.stringify(rsa.jwk), { kid }),
    'the modulus as a secret': signHs256(Buffer.from(String(rsa.jwk.n), 'base64url'), { kid }),
    'an empty secret': signHs256('', {}),
    'a signature of zeros': `${part({ alg: 'ES256', kid: ec.kid })}.${part(claims)}.${'A'.repeat(86)}`,
    'an algorithm of another kind of key': `${part({ alg: 'RS256', kid: ec.kid })}.${part(claims)}.${part(canary)}`,
  }
}

async function wrongShapes(good: string, rsa: SigningKey): Promise<Record<string, string>> {
  const [header = '', payload = '', signature = ''] = good.split('.')
  const { kid } = rsa
  const claims = JSON.stringify(claimsOf(canary))
  const other = part(claimsOf('mallory'))
  const encrypted = new EncryptJWT(claimsOf(canary)).setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
  return {
    'alg none': `${part({ alg: 'none' })}.${payload}.`,
    'alg nOnE': `${part({ alg: 'nOnE', kid })}.${payload}.`,
    'alg none, signed': `${part({ alg: 'none', kid })}.${payload}.${signature}`,
    'no alg': `${part({ kid })}.${payload}.${signature}`,
    'alg as a list': `${part({ alg: ['RS256'], kid })}.${payload}.${signature}`,
    'SHA-1': `${part({ alg: 'RS1', kid })}.${payload}.${signature}`,
    'relabelled as PS256': `${part({ alg: 'PS256', kid })}.${payload}.${signature}`,
    'an unknown crit': signRs256(rsa, claims, { crit: [canary], [canary]: true }),
    'an empty crit': signRs256(rsa, claims, { crit: [] }),
    'a payload that is not encoded': signRs256(rsa, claims, { b64: false, crit: ['b64'] }),
    'a signature cut short': good.slice(0, -8),
    'no signature': `${header}.${payload}.`,
    'two parts': `${header}.${payload}`,
    'four parts': `${good}.${signature}`,
    'five parts': `${header}.${signature}.${signature}.${payload}.${signature}`,
    'another payload': `${header}.${other}.${signature}`,
    'another header': `${part({ alg: 'RS256', kid, typ: 'JWT' })}.${payload}.${signature}`,
    'padded as base64': `${header}.${payload}==.${signature}`,
    'a payload that is no JSON': signRs256(rsa, canary),
    'a payload that is null': signRs256(rsa, 'null'),
    'a payload that is a list': signRs256(rsa, `[${claims}]`),
    'a payload of invalid UTF-8': signRs256(rsa, claims).replace(
      /\.[^.]*\./,
      `.${Buffer.from([0xff]).toString('base64url')}.`,
    ),
    'an encrypted one': await encrypted.encrypt(new Uint8Array(32)),
  }
}
