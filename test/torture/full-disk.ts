import { setTimeout as delay } from 'node:timers/promises'
import { RequestError } from '../harness/client.ts'
import { createPerson } from '../harness/person.ts'
import type { Exit, ServerProcess } from '../harness/server-process.ts'
import { mountSmallDisk, type SmallDisk } from '../harness/small-disk.ts'
import { within } from '../harness/within.ts'
import { ask } from './asker.ts'
import { checkAnswers } from './check.ts'
import { createDice } from './dice.ts'
import { type Ground, onGround, type Report, type Torture } from './ground.ts'
import { createWriter } from './writer.ts'

export interface FullDiskSizes {
  rounds: number
}

const diskMegabytes = 320
/** Too little for what is new, and enough to end what was begun. */
const scarceBytes = 36e6
const patienceMs = 240_000
const standstill = /^antiphon: DATA_DIR: the embedded database has stood still for /m

/** The disk of the embedded database fills up, in every other round within a moment and to the last byte. */
export function fullDisk(torture: Torture, { rounds }: FullDiskSizes): Promise<Report> {
  return onGround(torture, async (ground) => {
    const disk = await mountSmallDisk(ground.folder, diskMegabytes)
    const total = { messages: 0, standstills: 0 }
    try {
      for (let number = 0; number < rounds; number++) {
        const { messages, hasStoodStill } = await fillOnce(ground, disk, number)
        total.messages += messages
        total.standstills += hasStoodStill ? 1 : 0
      }
    } finally {
      await disk.remove()
    }
    return `full disk: ${rounds} times, ${total.messages} messages, ${total.standstills} times ended by the watchdog`
  })
}

async function fillOnce(ground: Ground, disk: SmallDisk, number: number) {
  const dice = createDice(`${ground.seed} filling ${number}`)
  const start = () => ground.start({ DATA_DIR: `${disk.path}/data` })
  const server = await start()
  let { url } = server
  const route = () => url
  const writer = createWriter(`writer-${number}`, route, ground.faults)
  await delay(dice.whole(50, 500))
  const isSudden = number % 2 === 1
  if (isSudden) await fillSuddenly(server, disk, number)
  else await fillSlowly(ground, server, disk, number)
  const exit = await stop(server, ground)
  await disk.clear()
  const next = await start()
  url = next.url
  const messages = await writer.check()
  await next.kill('SIGTERM')
  return { messages, hasStoodStill: exit.code !== 0 }
}

/** Reading goes on, and what was begun is ended in what room there is. */
async function fillSlowly(ground: Ground, server: ServerProcess, disk: SmallDisk, number: number) {
  const { url } = server
  const bob = createPerson(url, 'bob')
  const { id } = await bob.converse({ title: 'Moles' })
  const isRead = async () => (await bob.conversation(id))?.title === 'Moles'
  const asked = ask(ground, { id: `disk-${number}`, route: () => url, pieces: 20, paceMs: 20 })
  await asked.begun
  await disk.fillTo(scarceBytes)
  await refusal(() => bob.write(id, 'What digs?'))
  if (!(await isRead())) ground.faults.push('reading does not go on')
  if ((await fetch(`${url}/readyz`)).status !== 503) ground.faults.push('/readyz says that all is well')
  const { ends } = await checkAnswers(ground, [asked], [server])
  if (ends.some(({ status }) => status !== 'COMPLETED'))
    ground.faults.push('an answer was not ended in what room there was')
  await disk.fillTo(0)
  if (!(await isRead())) ground.faults.push('reading does not go on with no room at all')
}

/** Resolves once it is refused, as what cannot be done now. */
async function refusal(work: () => Promise<unknown>) {
  for (;;) {
    try {
      await work()
    } catch (error) {
      if (error instanceof RequestError && /^Nothing can be stored now/.test(error.message)) return
      throw error
    }
  }
}

/** While much is written, so that the fullness is found by a write, and not by a look. */
async function fillSuddenly({ url }: ServerProcess, disk: SmallDisk, number: number) {
  const person = createPerson(url, `hasty-${number}`)
  const { id } = await person.converse()
  const writes = Promise.allSettled(Array.from({ length: 20 }, () => person.write(id, 'm'.repeat(500_000))))
  await disk.fillTo(0)
  await Promise.race([writes, delay(patienceMs, undefined, { ref: false })])
}

/** It hears the signal, or has said why it ends. */
async function stop(server: ServerProcess, { faults }: Ground): Promise<Exit> {
  try {
    const exit = await within(patienceMs, server.kill('SIGTERM'))
    if (exit.code !== 0 && !standstill.test(server.output())) faults.push(`it ended with ${exit.code ?? exit.signal}`)
    return exit
  } catch (error) {
    faults.push(`it hears no signal: ${error}`)
    return server.kill('SIGKILL')
  }
}
