import type { ExportFormat } from '../contract/commands'
import { printFigure } from './print-figure'

/** The bytes of a file from what the window hands over: text, the base64 of a picture, an SVG to print. */
export async function exportedBytes(format: ExportFormat, content: string): Promise<string | Uint8Array> {
  if (format === 'png') return Buffer.from(content, 'base64')
  return format === 'pdf' ? printFigure(content) : content
}
