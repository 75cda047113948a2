const minWidth = 10
const padding = 3

/**
 * Lays cells out in columns, each as wide as its longest cell and three spaces, ten at least. The last column is not
 * padded.
 *
 * @returns lines, each with its end
 */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? minWidth, widthOf(cell) + padding)
    }
  }
  return rows.map((row) => `${row.map((cell, column) => pad(cell, column, row.length, widths)).join('')}\n`).join('')
}

function pad(cell: string, column: number, columns: number, widths: readonly number[]): string {
  if (column === columns - 1) return cell
  return cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - widthOf(cell)))
}

const widthOf = (text: string): number => [...text].length
