import type { StoreTask } from '../flags.js'
import { backUpStore } from './back-up-store.js'
import { checkStore } from './check-store.js'
import { repairStore, restoreStore } from './repair-store.js'
import type { TaskReport } from './task-report.js'

/** Does one thing with the store of a daemon's settings. @throws PouchError what stands in the way */
export function doTask(task: StoreTask): Promise<TaskReport> {
  switch (task.kind) {
    case 'check':
      return checkStore(task.settings)
    case 'backup':
      return backUpStore(task.settings, task.file)
    case 'restore':
      return restoreStore(task.settings, task.file)
    default:
      return repairStore(task.settings)
  }
}
