import { readStored, writeStored } from '../connection/stored.ts'

const noticeKey = 'antiphon.notices'

export function mayNotify(): boolean {
  return canNotify() && readStored(noticeKey) === 'on' && Notification.permission === 'granted'
}

export function canNotify(): boolean {
  return 'Notification' in window
}

/** Asks the browser, which asks the person once. Returns whether there will be notices. */
export async function setNotices(isWanted: boolean): Promise<boolean> {
  const isOn = isWanted && canNotify() && (await Notification.requestPermission()) === 'granted'
  writeStored(noticeKey, isOn ? 'on' : '')
  return isOn
}
