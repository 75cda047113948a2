import type { ErrorCode } from '@pouch/errors'

/** Something that a client asks of an engine. Plain data: it goes to other processes, into logs, and into the model. */
export type Operation =
  | { readonly do: 'create'; readonly name: string; readonly driver?: string; readonly options?: Options }
  | { readonly do: 'remove' | 'inspect'; readonly name: string }
  | ExportOperation
  | { readonly do: ReferenceVerb; readonly name: string; readonly reference: string }
  | { readonly do: 'label'; readonly name: string; readonly label: string }
  | { readonly do: 'resize'; readonly name: string; readonly sizeBytes: number }
  | { readonly do: 'rename'; readonly name: string; readonly to: string }
  | { readonly do: 'removeSnapshot' | 'restore'; readonly name: string; readonly snapshot: string }
  | SnapshotOperation
  | { readonly do: 'clone'; readonly name: string; readonly to: string; readonly snapshot?: string }
  | ImportOperation
  | { readonly do: 'migrate'; readonly name: string; readonly driver: string; readonly options?: Options }
  | { readonly do: 'write'; readonly name: string; readonly content: string }

export type ReferenceVerb = 'reserve' | 'release' | 'mount' | 'unmount' | 'attach' | 'detach'

/** Reading takes its time: `export` may be divided into its beginning, which names the reader, and `endExport`. */
export type ExportOperation =
  | { readonly do: 'export'; readonly name: string; readonly reader?: string }
  | { readonly do: 'endExport'; readonly name: string; readonly reader: string }

export interface SnapshotOperation {
  readonly do: 'snapshot'
  readonly name: string
  readonly snapshot: string
  /** Whether this volume is one of which a snapshot is of one moment, whoever writes. */
  readonly whileInUse?: true
}

export interface ImportOperation {
  readonly do: 'import'
  readonly name: string
  readonly content: string
  readonly driver?: string
  readonly options?: Options
}

export type Options = Readonly<Record<string, string>>

/** How an operation ended: `ok`, or the code of its error; and what was read, where something was. */
export interface Outcome {
  readonly code: 'ok' | ErrorCode
  readonly value?: unknown
}

/**
 * Who carries operations out: an engine in this process, or a daemon behind HTTP. Resolves whatever comes of it, and tells when an export
 * has begun.
 */
export type Actor = (operation: Operation, onBegun?: () => void) => Promise<Outcome>
