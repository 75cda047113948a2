import { expectedSteps } from './expected-steps.js'

/** The note of whose id it is. It is made before the id is given to anything, and deleted after the limit of the id is gone. */
const noted = 'store.create driver/local/project/…'
const renoted = 'store.compareAndSet driver/local/project/…'
const forgotten = 'store.delete driver/local/project/…'

/** The steps of operations on volumes in projects: those on any directory with a limit, and what is noted of the ids. */
export const projectSteps: Readonly<Record<string, readonly string[]>> = {
  ...expectedSteps,
  ...withNotes('create', { 'local.create': [noted] }),
  ...withNotes('remove', { 'local.remove': [forgotten] }),
  ...withNotes('restore', { 'local.snapshots.restore': [noted], 'store.delete driver/local/replace/…': [forgotten] }),
  ...withNotes('rename', { 'local.renaming.rename': [renoted, renoted] }),
  ...withNotes('clone', { 'local.cloning.clone': [noted], 'local.renaming.rename': [renoted, renoted] }),
  ...withNotes('clone a snapshot', { 'local.cloning.clone': [noted], 'local.renaming.rename': [renoted, renoted] }),
  ...withNotes('import', { 'local.create': [noted], 'local.renaming.rename': [renoted, renoted] }),
  ...withNotes('migrate', {
    'local.create': [noted],
    'local.remove': [forgotten],
    'local.renaming.rename': [renoted, renoted],
  }),
}

function withNotes(title: string, notes: Readonly<Record<string, readonly string[]>>) {
  const key = `a directory with a limit: ${title}`
  const steps = expectedSteps[key] ?? []
  return { [key]: steps.flatMap((step) => [step, ...(notes[step] ?? [])]) }
}
