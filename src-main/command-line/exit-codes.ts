/** Exit codes of the command line. */
export const exitCodes = {
  done: 0,
  failed: 1,
  wrongInput: 2,
  /** Stopped at a checkpoint; `resume` goes on. */
  interrupted: 130,
} as const
