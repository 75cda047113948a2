/** What the test tells a pouchd with faults: where to die in what comes next, or to tell which steps that took. */
export type ToDaemon = { readonly arm: KillPoint } | { readonly tell: true }

/** Before the first step, after one of them, by number from 1 on, or nowhere. */
export type KillPoint = 'before' | 'never' | number

/** What it answers. */
export type FromDaemon = { readonly armed: true } | { readonly steps: readonly string[] }
