/** Where a store tells what an operator should know. pino's loggers and Pouch's own fit. */
export interface StoreLog {
  warn(fields: object, message: string): void
}
