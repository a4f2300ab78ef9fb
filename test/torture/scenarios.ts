import { bombs } from './bombs.ts'
import { cancel } from './cancel.ts'
import { databaseFaults } from './database-faults.ts'
import { fullDisk } from './full-disk.ts'
import type { Report, Torture } from './ground.ts'
import { heavy } from './heavy.ts'
import { raceKeys } from './keys.ts'
import { killOnPglite } from './kill-pglite.ts'
import { killOnPostgres } from './kill-postgres.ts'
import { lag } from './lag.ts'
import { leak } from './leak.ts'
import { locked } from './locked.ts'
import { pause } from './pause.ts'
import { readOnly } from './read-only.ts'
import { reconnect } from './reconnect.ts'
import { longSlow, shortSlow, slow } from './slow.ts'
import { stall } from './stall.ts'
import { wire } from './wire/wire.ts'
import { raceWriters } from './writers.ts'

export interface Scenario {
  /** Seconds, for the suite. */
  short(torture: Torture): Promise<Report>
  /** What the figures are taken from. */
  long(torture: Torture): Promise<Report>
}

const slackMs = 5_000

export const scenarios: Record<string, Scenario> = {
  'kill-postgres': {
    short: (torture) => killOnPostgres(torture, { kills: 1, streams: 8, slackMs }),
    long: (torture) => killOnPostgres(torture, { kills: 100, streams: 8, slackMs: 0 }),
  },
  'kill-pglite': {
    short: (torture) => killOnPglite(torture, { kills: 1, streams: 8 }),
    long: (torture) => killOnPglite(torture, { kills: 40, streams: 8 }),
  },
  reconnect: {
    short: (torture) => reconnect(torture, { answers: 3, screens: 3, hops: 8 }),
    long: (torture) => reconnect(torture, { answers: 20, screens: 4, hops: 25 }),
  },
  keys: {
    short: (torture) => raceKeys(torture, { keys: 10, racers: 8 }),
    long: (torture) => raceKeys(torture, { keys: 500, racers: 8 }),
  },
  pause: {
    short: (torture) => pause(torture, { pauses: 1, streams: 4 }),
    long: (torture) => pause(torture, { pauses: 30, streams: 4 }),
  },
  cancel: {
    short: (torture) => cancel(torture, { rounds: 2, slackMs }),
    long: (torture) => cancel(torture, { rounds: 30, slackMs: 0 }),
  },
  'database-faults': {
    short: (torture) => databaseFaults(torture, { rounds: 1, kinds: 1, streams: 4, slackMs }),
    long: (torture) => databaseFaults(torture, { rounds: 5, kinds: 5, streams: 8, slackMs: 0 }),
  },
  locked: {
    short: (torture) => locked(torture, { lockedMs: 2_000, callers: 15, slackMs }),
    long: (torture) => locked(torture, { lockedMs: 90_000, callers: 200, slackMs: 0 }),
  },
  'read-only': {
    short: (torture) => readOnly(torture, { rounds: 1, streams: 2, slackMs }),
    long: (torture) => readOnly(torture, { rounds: 10, streams: 8, slackMs: 0 }),
  },
  stall: {
    short: (torture) => stall(torture, { rounds: 1, leaseMs: 4_000, share: 0.97, streams: 2 }),
    long: (torture) => stall(torture, { rounds: 20, leaseMs: 10_000, share: 0.97, streams: 4 }),
  },
  writers: {
    short: (torture) => raceWriters(torture, { races: 20 }),
    long: (torture) => raceWriters(torture, { races: 200 }),
  },
  slow: {
    short: (torture) => slow(torture, shortSlow),
    long: (torture) => slow(torture, longSlow),
  },
  leak: {
    short: (torture) => leak(torture, { subscriptions: 1_000 }),
    long: (torture) => leak(torture, { subscriptions: 20_000 }),
  },
  bombs: {
    short: (torture) => bombs(torture, { documents: 40, answeredMs: 20_000, refusedMs: 5_000 }),
    long: (torture) => bombs(torture, { documents: 2_000, answeredMs: 1_000, refusedMs: 50 }),
  },
  'full-disk': {
    short: (torture) => fullDisk(torture, { rounds: 2 }),
    long: (torture) => fullDisk(torture, { rounds: 20 }),
  },
  heavy: {
    short: (torture) => heavy(torture, { p99Ms: slackMs, grownBytes: 400e6 }),
    long: (torture) => heavy(torture, { p99Ms: 250, grownBytes: 200e6 }),
  },
  wire: {
    short: (torture) => wire(torture, { cases: 600, randomCuts: 500, damaged: 500 }),
    long: (torture) => wire(torture, { cases: 1_125, randomCuts: 200_000, damaged: 50_000 }),
  },
  lag: {
    short: (torture) => lag(torture, { answers: 4, pieces: 100, slackMs: 1_000 }),
    long: (torture) => lag(torture, { answers: 10, pieces: 500, slackMs: 0 }),
  },
}
