import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BrowserWindow } from 'electron'
import { EspalierError } from '../contract/commands'
import { paperWindowOptions } from './window-options'

/** CSS pixels in an inch. */
const pixelsPerInch = 96

/**
 * Prints an SVG into a PDF of one page of its size. The page is drawn as on screen, with the fonts of the system, so that
 * every language comes out; it runs no script.
 */
export async function printFigure(svg: string): Promise<Uint8Array> {
  const size = /^<svg[^>]* width="([\d.]+)" height="([\d.]+)"/.exec(svg)
  if (size === null) throw new EspalierError('wrong-input', 'content: the picture has no size')
  const [width, height] = size.slice(1).map((pixels) => Number(pixels) / pixelsPerInch)
  const folder = await mkdtemp(join(tmpdir(), 'espalier-figure-'))
  const window = new BrowserWindow(paperWindowOptions())
  try {
    const file = join(folder, 'figure.html')
    await writeFile(file, page(svg))
    await window.loadFile(file)
    return await window.webContents.printToPDF({
      pageSize: { width, height },
      margins: { top: 0, bottom: 0, left: 0, right: 0 },
      printBackground: true,
      pageRanges: '1',
    })
  } finally {
    window.destroy()
    await rm(folder, { recursive: true, force: true })
  }
}

function page(svg: string): string {
  return `<!doctype html><html><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<style>html, body { margin: 0 } svg { display: block }</style></head><body>${svg}</body></html>`
}
