import { PouchError } from '@pouch/errors'
import type { QuotaCall } from './kernel.js'
import { withPath } from './open-path.js'
import { firstProjectId, lastProjectId, requireProjectId } from './project.js'
import { nextUsage, type ProjectUsage, quotaStep } from './project-limit.js'

/** Which ids {@link nextProjectId} may give. */
export interface ProjectIdRange {
  /** Ids that are not to be given, also where nothing is in them yet. */
  readonly taken?: ReadonlySet<number> | undefined
  /** The least id; {@link firstProjectId} unless given. */
  readonly floor?: number | undefined
}

/**
 * The projects that hold something or have a limit, on the filesystem that a path lies on, by rising id.
 *
 * @param options.from the least id; 1 unless given
 * @throws PouchError `unsupported` where project quotas are not on
 */
export async function projectUsages(
  path: string,
  { from = 1, ...call }: QuotaCall & { readonly from?: number | undefined } = {},
): Promise<ProjectUsage[]> {
  const step = quotaStep('quota.projectUsages', path, `list the projects on the filesystem of ${path}`)
  requireProjectId(from, step.op)
  return await withPath(path, step, async (handle) => {
    const found: ProjectUsage[] = []
    for (let next = from; next <= lastProjectId; ) {
      const usage = await nextUsage(handle, next, step, call)
      if (usage === undefined || usage.id < next) break
      if (holdsSomething(usage)) found.push(usage)
      next = usage.id + 1
    }
    return found
  })
}

/** The ids of {@link projectUsages}. */
export async function usedProjectIds(
  path: string,
  options: QuotaCall & { readonly from?: number | undefined } = {},
): Promise<Set<number>> {
  return new Set((await projectUsages(path, options)).map(({ id }) => id))
}

/** The least id that is not taken. @throws PouchError `exhausted` when all are, `invalid-argument` on a floor that is no id */
export function nextProjectId({ taken = new Set(), floor = firstProjectId }: ProjectIdRange = {}): number {
  requireProjectId(floor, 'quota.nextProjectId')
  for (let id = floor; id <= lastProjectId; id += 1) if (!taken.has(id)) return id
  throw new PouchError('exhausted', `every project id from ${floor} on is taken; remove a volume that has a size`, {
    op: 'quota.nextProjectId',
  })
}

/**
 * The least id that is not taken and that nothing on the filesystem of a path is in. Two callers at a time get the same id: hold a
 * lock from here until the id is in `taken`.
 *
 * @throws PouchError `exhausted` when there is none, `unsupported` where project quotas are not on
 */
export async function freeProjectId(path: string, range: ProjectIdRange = {}, call: QuotaCall = {}): Promise<number> {
  const step = quotaStep('quota.freeProjectId', path, `find a free project id on the filesystem of ${path}`)
  return await withPath(path, step, async (handle) => {
    let candidate = nextProjectId(range)
    for (;;) {
      const usage = await nextUsage(handle, candidate, step, call)
      if (usage?.id !== candidate || !holdsSomething(usage)) return candidate
      candidate = nextProjectId({ ...range, floor: candidate + 1 })
    }
  })
}

function holdsSomething({ usedBytes, usedInodes, limitBytes, limitInodes }: ProjectUsage): boolean {
  return usedBytes > 0 || usedInodes > 0 || limitBytes !== undefined || limitInodes !== undefined
}
