export interface Log {
  warn(details: object, message: string): void
}
