/** Media types of images, as registries and containerd name them. */
export const mediaTypes = Object.freeze({
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerManifestList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar',
  dockerLayerGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  dockerForeignLayerGzip: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  ociLayer: 'application/vnd.oci.image.layer.v1.tar',
  ociLayerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  ociLayerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
})

const manifests: readonly string[] = [mediaTypes.dockerManifest, mediaTypes.ociManifest]
const indexes: readonly string[] = [mediaTypes.dockerManifestList, mediaTypes.ociIndex]
const configs: readonly string[] = [mediaTypes.dockerConfig, mediaTypes.ociConfig]
const layers: readonly string[] = [
  mediaTypes.dockerLayer,
  mediaTypes.dockerLayerGzip,
  mediaTypes.dockerForeignLayerGzip,
  mediaTypes.ociLayer,
  mediaTypes.ociLayerGzip,
  mediaTypes.ociLayerZstd,
  'application/vnd.oci.image.layer.nondistributable.v1.tar',
  'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
  'application/vnd.oci.image.layer.nondistributable.v1.tar+zstd',
]

/** Whether it is the manifest of one image. */
export const isManifestType = (type: string): boolean => manifests.includes(type)
/** Whether it is a list of manifests, one a platform. */
export const isIndexType = (type: string): boolean => indexes.includes(type)
/** Whether it is the configuration of a container image. */
export const isConfigType = (type: string): boolean => configs.includes(type)
/** Whether it is a file system layer that containerd can unpack. */
export const isLayerType = (type: string): boolean => layers.includes(type)

/** What a registry is asked for, best first. */
export const acceptedManifests = [...indexes, ...manifests].join(', ')
