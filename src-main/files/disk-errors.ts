/** What the commonest failures of a disk mean, and what to do. */
const meanings: Readonly<Partial<Record<string, string>>> = {
  ENOSPC: 'the disk is full; free some space',
  EDQUOT: 'your share of the disk is used up; free some space',
  EROFS: 'the disk is read-only; make it writable or move the session',
  EACCES: 'access is denied; change the permissions of the folder',
  EPERM: 'access is denied; change the permissions of the folder',
  ENOENT: 'the file or its folder was moved or removed; put it back',
  EIO: 'the disk does not answer properly; check it',
  EMFILE: 'too many files are open; close other programs',
  ENOMEM: 'the memory is full; close other programs',
}

/** An error in words: what failed, why, and what to do where that is known. */
export function failureText(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code, path } = error as NodeJS.ErrnoException
  const meaning = code === undefined ? undefined : meanings[code]
  if (meaning === undefined) return error.message
  return `${path === undefined ? '' : `${path}: `}${meaning} (${error.message})`
}
