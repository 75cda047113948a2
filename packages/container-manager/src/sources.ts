/** What the manager needs of others. An engine hands in managers that have these shapes. */

/** Ends a call. */
export interface SourceCall {
  readonly signal?: AbortSignal | undefined
}

/** Where images come from. */
export interface ImageSource {
  /** @throws PouchError `not-found` when there is no such image here, `invalid-argument` for a bad reference */
  resolve(reference: string, signal?: AbortSignal): Promise<ResolvedImage>
  /** Unpacks an image's layers. @returns the key of the snapshot that a container's is made from */
  unpack(imageId: string, signal?: AbortSignal): Promise<string>
}

/** An image that is here. */
export interface ResolvedImage {
  /** `sha256:…`, the digest of its configuration. */
  readonly id: string
  readonly references: readonly string[]
  readonly config: ImageConfig
  /** The chain id of its layers; the empty string when it has none. */
  readonly chainId: string
}

/** The part of an OCI image configuration that containers start from, in OCI's spelling. */
export interface ImageConfig {
  readonly config?: {
    readonly User?: string | undefined
    readonly ExposedPorts?: Readonly<Record<string, unknown>> | null | undefined
    readonly Env?: readonly string[] | null | undefined
    readonly Entrypoint?: readonly string[] | null | undefined
    readonly Cmd?: readonly string[] | null | undefined
    readonly Volumes?: Readonly<Record<string, unknown>> | null | undefined
    readonly WorkingDir?: string | undefined
    readonly Labels?: Readonly<Record<string, string>> | null | undefined
    readonly StopSignal?: string | undefined
  }
}

/** Where volumes come from. Reserve, mount, unmount and release may each be repeated with one reference id. */
export interface VolumeSource {
  create(
    request: {
      readonly name?: string
      readonly driver?: string
      readonly options?: Readonly<Record<string, string>>
      readonly labels?: Readonly<Record<string, string>>
      /** `return`: an existing volume of the same driver is the answer whatever its options. */
      readonly ifExists?: 'check' | 'return'
    },
    call?: SourceCall,
  ): Promise<VolumeInfo>
  find(name: string, call?: SourceCall): Promise<VolumeInfo | undefined>
  remove(name: string, call?: SourceCall): Promise<unknown>
  reserve(
    name: string,
    reference: { readonly holder: string; readonly id?: string; readonly readOnly?: boolean },
    call?: SourceCall,
  ): Promise<VolumeReference>
  mount(name: string, referenceId: string, call?: SourceCall): Promise<VolumeReference>
  unmount(name: string, referenceId: string, call?: SourceCall): Promise<unknown>
  release(name: string, referenceId: string, call?: SourceCall): Promise<unknown>
  /** All references, or those of a holder. */
  references(filter?: { readonly holder?: string }): Iterable<HeldReference> | Promise<Iterable<HeldReference>>
}

/** A volume. */
export interface VolumeInfo {
  readonly name: string
  readonly driver: string
  readonly mountpoint?: string | undefined
}

/** Who uses a volume, and where it is for them. */
export interface VolumeReference {
  readonly id: string
  readonly holder: string
  readonly path?: string | undefined
}

/** A {@link VolumeReference} and its volume's name. */
export interface HeldReference {
  readonly volume: string
  readonly reference: VolumeReference
}

/** The four methods of a logger that are called; pino and console fit. */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}
