import { replaceFile } from '../files/replace-file'

/** Writes a figure, table or report as a whole or not at all; an old file is replaced. */
export async function writeExport(file: string, content: string | Uint8Array): Promise<void> {
  await replaceFile(file, content)
}
