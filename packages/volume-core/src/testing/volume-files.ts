import assert from 'node:assert/strict'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'

const file = 'written-by-the-suite'

/** Asserts that a path is one that a driver may answer: absolute, and a directory. */
export async function assertUsable(path: unknown): Promise<void> {
  assert.ok(typeof path === 'string' && isAbsolute(path), `the path ${JSON.stringify(path)} is not absolute`)
  assert.ok((await stat(path)).isDirectory(), `the path ${path} is not a directory`)
}

/** Writes a text into a volume. */
export async function writeText(path: string, text: string): Promise<void> {
  await assertUsable(path)
  await writeFile(join(path, file), text)
}

/** Asserts that a volume has the text that was written. */
export async function assertText(path: string, text: string): Promise<void> {
  await assertUsable(path)
  const found = await readFile(join(path, file), 'utf8').catch((error: unknown) => String(error))
  assert.equal(found, text, `the data written to ${path} is not there any more`)
}

/** Asserts that a volume has nothing in it. */
export async function assertEmpty(path: string): Promise<void> {
  await assertUsable(path)
  assert.deepEqual(await readdir(path), [], `the new volume at ${path} is not empty`)
}
