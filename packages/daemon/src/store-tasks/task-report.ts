const longestList = 100

/** What a task on the store has to say. */
export interface TaskReport {
  /** Whether all is as it should be; the program ends with 2 otherwise. */
  readonly isWell: boolean
  readonly lines: readonly string[]
}

/** A title and the items below it; nothing without items. */
export function list(title: string, items: readonly string[]): string[] {
  if (items.length === 0) return []
  const more = items.length > longestList ? [`  and ${items.length - longestList} more`] : []
  return [`${title} (${items.length}):`, ...items.slice(0, longestList).map((item) => `  ${item}`), ...more]
}
