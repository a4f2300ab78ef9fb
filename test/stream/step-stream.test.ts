import { describe, expect, test } from 'vitest'
import { createStepStream } from '../../src/stream/step-stream.ts'

function streamOf(steps: (() => Promise<string | null>)[]) {
  let ends = 0
  const stream = createStepStream({
    step: () => steps.shift()?.() ?? Promise.reject(new Error('there are no more steps')),
    isLast: (value) => value === 'last',
    onEnd: () => void ends++,
  })
  return { stream, ends: () => ends }
}

const end = { done: true, value: undefined }
const finds = (value: string | null) => async () => value

describe('a stream of steps', () => {
  test('has what the steps find, up to the last value', async () => {
    const { stream, ends } = streamOf([finds(null), finds('one'), finds(null), finds('last'), finds('never')])
    expect(await stream.next()).toEqual({ done: false, value: 'one' })
    expect(ends()).toBe(0)
    expect(await stream.next()).toEqual({ done: false, value: 'last' })
    expect(await stream.next()).toEqual(end)
    expect(ends()).toBe(1)
  })

  test('ends at once for a reader who leaves while a step waits', async () => {
    const { stream, ends } = streamOf([() => new Promise(() => {})])
    const pending = stream.next()
    expect(await stream.return?.()).toEqual(end)
    expect(await pending).toEqual(end)
    expect(ends()).toBe(1)
  })

  test('gives nothing that a step finds after the reader has left', async () => {
    let find = (_value: string) => {}
    const found = new Promise<string>((resolve) => {
      find = resolve
    })
    const { stream } = streamOf([() => found])
    const pending = stream.next()
    await stream.return?.()
    find('late')
    expect(await pending).toEqual(end)
    expect(await stream.next()).toEqual(end)
  })

  test('ends after an error', async () => {
    const { stream, ends } = streamOf([])
    await expect(stream.next()).rejects.toThrow('no more steps')
    expect(ends()).toBe(1)
    expect(await stream.next()).toEqual(end)
  })
})
