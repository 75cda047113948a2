import type { CrashCase } from './crash-cases.js'

const name = 'vol'
const mebibyte = 2 ** 20
/** What the titles of all cases here begin with: their steps are the same, whatever the limit is made of. */
const what = 'a directory with a limit'

/** Operations on volumes that are directories with a limit: a qgroup of btrfs, or a project of ext4 and xfs. */
export function limitedCases(quota: 'btrfs' | 'project'): readonly CrashCase[] {
  const options = { size: `${16 * mebibyte}`, quota }
  const made = { do: 'create', name, options } as const
  const written = [made, { do: 'write', name, content: 'one' }] as const
  const kept = [...written, { do: 'snapshot', name, snapshot: 'snap' }, { do: 'write', name, content: 'two' }] as const
  const attached = { do: 'attach', name, reference: 'ref' } as const
  const into = { do: 'migrate', name, driver: 'local', options: { ...options, size: `${32 * mebibyte}` } } as const
  const cases: readonly CrashCase[] = [
    { title: 'create', prepare: [], run: made },
    { title: 'remove', prepare: written, run: { do: 'remove', name } },
    { title: 'attach', prepare: [made], run: attached },
    { title: 'detach', prepare: [made, attached], run: { do: 'detach', name, reference: 'ref' } },
    { title: 'snapshot', prepare: written, run: { do: 'snapshot', name, snapshot: 'snap' } },
    { title: 'remove a snapshot', prepare: kept, run: { do: 'removeSnapshot', name, snapshot: 'snap' } },
    { title: 'restore', prepare: kept, run: { do: 'restore', name, snapshot: 'snap' } },
    { title: 'resize', prepare: written, run: { do: 'resize', name, sizeBytes: 32 * mebibyte } },
    { title: 'rename', prepare: kept, run: { do: 'rename', name, to: 'new' } },
    { title: 'clone', prepare: written, run: { do: 'clone', name, to: 'copy' } },
    { title: 'clone a snapshot', prepare: kept, run: { do: 'clone', name, to: 'copy', snapshot: 'snap' } },
    { title: 'import', prepare: [], run: { do: 'import', name, content: 'one', options } },
    { title: 'migrate', prepare: written, run: into },
  ]
  return cases.map((each) => ({ ...each, title: `${what}: ${each.title}` }))
}
