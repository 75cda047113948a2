export { type Invocation, type PluginSettings, parseInvocation } from './invocation.js'
export { type RunningPlugin, startPlugin } from './start-plugin.js'
export { runVolumePlugin } from './volume-plugin.js'
