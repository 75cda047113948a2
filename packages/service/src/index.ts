export { inheritedSocket } from './inherited-socket.js'
export { type RunningService, runService, type ServiceLog, type ServiceOptions } from './run-service.js'
export { listenOnUnixSocket, type SocketAccess, type UnixSocketOptions } from './unix-socket.js'
