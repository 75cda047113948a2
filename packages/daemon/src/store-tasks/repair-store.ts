import { repairStoreFile, restoreStoreFile } from '@pouch/store-sqlite'
import type { Settings } from '../settings.js'
import { fileOf } from './store-file.js'
import { list, type TaskReport } from './task-report.js'

/** `pouchd --repair`: saves what can be read of a damaged store into a new file. */
export async function repairStore(settings: Settings): Promise<TaskReport> {
  const file = fileOf(settings)
  const { problems, saved, damagedKeys, lostKeys, areAllNamed, asidePath } = await repairStoreFile(file)
  if (asidePath === undefined && problems.length === 0) {
    return { isWell: true, lines: [`${file.path}: nothing is wrong, and nothing was done`] }
  }
  return {
    isWell: lostKeys.length === 0 && damagedKeys.length === 0 && areAllNamed,
    lines: [
      `${file.path}: repaired; ${saved} entries were saved`,
      ...(asidePath === undefined ? [] : [`the damaged file is at ${asidePath}`]),
      ...list('damaged within; the next start sets them aside under quarantine/', damagedKeys),
      ...list('lost', lostKeys),
      ...(areAllNamed ? [] : ['entries are lost whose names could not be read either']),
      ...(lostKeys.length > 0 || !areAllNamed ? ['what volumes hold is not in this file, and is where it was'] : []),
    ],
  }
}

/** `pouchd --restore FILE`: puts a backup in the place of the store. */
export async function restoreStore(settings: Settings, from: string): Promise<TaskReport> {
  const file = fileOf(settings)
  const { asidePath } = await restoreStoreFile({ ...file, from })
  const aside = asidePath === undefined ? [] : [`what was there before is at ${asidePath}`]
  return { isWell: true, lines: [`${file.path}: restored from ${from}`, ...aside] }
}
