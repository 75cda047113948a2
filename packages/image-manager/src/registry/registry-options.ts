/** How registries are reached. */
export interface RegistryOptions {
  /**
   * Registries, as `host` or `host:port`, whose certificate is not checked and that may speak plain http. Those on the
   * loopback address and `localhost` may speak plain http without being listed.
   */
  readonly insecure?: readonly string[]
  /** PEM certificates of authorities to trust beside the usual ones, by registry (`host` or `host:port`). */
  readonly authorities?: Readonly<Record<string, string>>
  /** Credentials by registry (`docker.io`, `host` or `host:port`), for pulls that bring none. */
  readonly credentials?: Readonly<Record<string, RegistryCredentials>>
  /** How long a registry may be silent; 60,000 unless told. */
  readonly silenceMs?: number
  /** The pause before the first of four retries; doubled with each. 1,000 unless told. */
  readonly retryMs?: number
  /** Layers downloaded at a time, over all pulls; 3 unless told. */
  readonly parallelDownloads?: number
}

/** Who asks a registry: a user, the refresh token of an earlier login, or a token that is sent as it is. */
export type RegistryCredentials =
  | { readonly username: string; readonly password: string }
  | { readonly identityToken: string }
  | { readonly registryToken: string }
