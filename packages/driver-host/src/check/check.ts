/** One thing that is checked about a plugin. */
export interface PluginCheck {
  readonly title: string
  /** For the author of a plugin that fails it: what to change. */
  readonly advice: string
  run(): Promise<void>
}

/** How a check ended. */
export interface CheckResult {
  readonly title: string
  readonly isPassed: boolean
  /** What was seen instead, when it failed. */
  readonly message: string | undefined
  readonly advice: string | undefined
}
