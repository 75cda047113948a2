import type { PouchSnapshotCreateBody, PouchSnapshotList } from '@pouch/api'
import type { Engine } from '@pouch/engine'
import type { Handlers, RouteCall } from '../http/route.js'
import { pouchSnapshot } from './volume-json.js'

/** The routes of a volume's snapshots. A client that goes away ends no restore: half of one would help nobody. */
export function pouchSnapshotHandlers(engine: Engine): Handlers {
  return {
    PouchSnapshotList: (call) => list(engine, call),
    PouchSnapshotCreate: async ({ params, body, signal }) => {
      const request = (body ?? {}) as PouchSnapshotCreateBody
      return pouchSnapshot(await engine.volumes.createSnapshot(params.name ?? '', request, { signal }))
    },
    PouchSnapshotDelete: ({ params }) => engine.volumes.removeSnapshot(params.name ?? '', params.snapshot ?? ''),
    PouchSnapshotRestore: ({ params }) => engine.volumes.restoreSnapshot(params.name ?? '', params.snapshot ?? ''),
  }
}

async function list(engine: Engine, { params, signal }: RouteCall): Promise<PouchSnapshotList> {
  return { snapshots: (await engine.volumes.snapshots(params.name ?? '', { signal })).map(pouchSnapshot) }
}
