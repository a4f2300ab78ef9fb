import { expect } from 'vitest'
import { ConfigError, readSettings } from '../../src/config.ts'
import type { Environment } from './server-process.ts'

/** Returns the line with which the start fails for these settings. */
export function refusal(env: Environment, envFile: Environment = {}): string {
  try {
    readSettings(env, envFile)
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError)
    return (error as ConfigError).message
  }
  throw new Error('The settings were taken')
}
