import { checkStoreFile, type FileCheckReport } from '@pouch/store-sqlite'
import type { Settings } from '../settings.js'
import { RecordCheck } from './record-check.js'
import { fileOf } from './store-file.js'
import { list, type TaskReport } from './task-report.js'

/** `pouchd --check`: looks at the store of a daemon that does not run, and at what its records say of each other. Changes nothing. */
export async function checkStore(settings: Settings): Promise<TaskReport> {
  const file = fileOf(settings)
  const records = new RecordCheck()
  const report = await checkStoreFile({ ...file, onEntry: records.add })
  const { problems, remarks, volumes, containers } = records.finish(report.ok)
  const isWell = report.ok && problems.length === 0
  const entries = `${report.entries} entries, ${volumes} volumes, ${containers} containers`
  return {
    isWell,
    lines: [
      `${file.path}: ${isWell ? 'nothing is wrong' : 'damaged'} (${entries})`,
      ...damage(report),
      ...list('what its records say does not fit', problems),
      ...list('the next start puts right', remarks),
      ...(report.problems.length > 0 || report.lostKeys.length > 0 ? [wayOut] : []),
    ],
  }
}

const wayOut =
  'pouchd --restore FILE puts a backup in its place; pouchd --repair saves what can be read. Either keeps this file aside.'

function damage({ problems, damagedKeys, lostKeys, areAllNamed }: FileCheckReport): string[] {
  return [
    ...list('SQLite says', problems),
    ...list('damaged within; the next start sets them aside under quarantine/', damagedKeys),
    ...list('cannot be read', lostKeys),
    ...(areAllNamed ? [] : ['and entries whose names cannot be read either']),
  ]
}
