/** The labels by which containerd objects are known as ours, and by which its garbage collector follows them. */
export const labels = Object.freeze({
  /** On everything: the id of the engine that made it. */
  engine: 'pouch.engine',
  /** On a lease: what the work is. A lease with it that nobody works under is left over. */
  work: 'pouch.image-work',
  /** On an image record: the digest of the configuration, which is the image's id. */
  image: 'pouch.image',
  /** On an image record: the digest of the manifest that was chosen for the platform. */
  manifest: 'pouch.manifest',
  /** On an image record: the size of its unpacked layers, in bytes. */
  sizeBytes: 'pouch.size-bytes',
})

/** The label that makes the collector keep `digest` as long as the labelled content. */
export const contentRef = (what: string): string => `containerd.io/gc.ref.content.${what}`

/** The label that makes the collector keep a snapshot as long as the labelled content. */
export const snapshotRef = (snapshotter: string): string => `containerd.io/gc.ref.snapshot.${snapshotter}`

/** A containerd filter for one value of a label. */
export const labelIs = (name: string, value: string): string =>
  `labels.${JSON.stringify(name)}==${JSON.stringify(value)}`
