interface TimeGroup<Item> {
  name: string
  items: Item[]
}

const dayMs = 86_400_000

/** Groups items by the day of their last change, by the clock of this machine, in the given order. */
export function timeGroups<Item extends { updatedAt: string }>(items: readonly Item[], now: Date): TimeGroup<Item>[] {
  const today = new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime()
  const groups = new Map<string, Item[]>()
  for (const item of items) {
    const name = nameOf(Date.parse(item.updatedAt), today)
    groups.set(name, [...(groups.get(name) ?? []), item])
  }
  return [...groups].map(([name, items]) => ({ name, items }))
}

function nameOf(timeMs: number, todayMs: number): string {
  if (timeMs >= todayMs) return 'Today'
  if (timeMs >= todayMs - dayMs) return 'Yesterday'
  if (timeMs >= todayMs - 6 * dayMs) return 'This week'
  return timeMs >= todayMs - 29 * dayMs ? 'This month' : 'Older'
}
