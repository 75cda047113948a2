export { type PluginServer, type PluginServerOptions, servePlugin } from './plugin-server.js'
