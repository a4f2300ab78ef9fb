export interface DemoBehaviour {
  /** Range of the pause before the first token. */
  firstTokenMs: readonly [number, number]
  /** Range of the pause before every other token. */
  tokenMs: readonly [number, number]
  quirk:
    | 'rate-limit'
    | 'server-error'
    | 'cut'
    | 'silent'
    | 'error'
    | 'filter'
    | 'tools'
    | 'json'
    | 'reasoning'
    | 'long'
    | null
}

const usual = { firstTokenMs: [150, 300], tokenMs: [20, 30] } as const
const quick = { firstTokenMs: [80, 120], tokenMs: [2, 4] } as const
const atOnce = { firstTokenMs: [0, 0], tokenMs: [0, 0] } as const

/** Every model by its name; the first is the default. */
export const demoModels: ReadonlyMap<string, DemoBehaviour> = new Map<string, DemoBehaviour>([
  ['demo', { ...usual, quirk: null }],
  ['demo-fast', { ...atOnce, quirk: null }],
  ['demo-slow', { firstTokenMs: [1500, 1500], tokenMs: [150, 150], quirk: null }],
  ['demo-long', { ...quick, quirk: 'long' }],
  ['demo-reasoning', { ...usual, quirk: 'reasoning' }],
  ['demo-tools', { ...usual, quirk: 'tools' }],
  ['demo-json', { ...usual, quirk: 'json' }],
  ['demo-filter', { ...usual, quirk: 'filter' }],
  ['demo-429', { ...atOnce, quirk: 'rate-limit' }],
  ['demo-500', { ...atOnce, quirk: 'server-error' }],
  ['demo-cut', { ...quick, quirk: 'cut' }],
  ['demo-silent', { ...quick, quirk: 'silent' }],
  ['demo-error', { ...quick, quirk: 'error' }],
])

export const contextWindowTokens = 32_768
