import { readStored, writeStored } from '../connection/stored.ts'

const themeKey = 'antiphon.theme'
export const themes = ['system', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]

export function readTheme(): Theme {
  const stored = readStored(themeKey)
  return themes.find((theme) => theme === stored) ?? 'system'
}

export function writeTheme(theme: Theme): void {
  writeStored(themeKey, theme === 'system' ? '' : theme)
  applyTheme()
}

export function applyTheme(): void {
  const theme = readTheme()
  if (theme === 'system') delete document.documentElement.dataset['theme']
  else document.documentElement.dataset['theme'] = theme
}
