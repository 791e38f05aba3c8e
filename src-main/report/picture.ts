import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { initWasm, Resvg } from '@resvg/resvg-wasm'
import PDFDocument from 'pdfkit'
import SvgToPdf from 'svg-to-pdfkit'

/** Figures as files where no browser draws them. The text is set in DejaVu Sans, which has the field's Greek letters and signs. */

const require = createRequire(import.meta.url)
const fontFile = () => require.resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf')

/** Pixels of a saved picture per CSS pixel. */
const resolution = 2
/** A CSS pixel is 1/96 inch, a point 1/72. */
const pointsPerPixel = 0.75

let renderer: Promise<void> | null = null

/** A figure's SVG as a PNG file at twice its size. */
export async function svgPng(svg: string): Promise<Uint8Array> {
  renderer ??= readFile(require.resolve('@resvg/resvg-wasm/index_bg.wasm')).then((bytes) => initWasm(bytes))
  await renderer
  const picture = new Resvg(svg, {
    fitTo: { mode: 'zoom', value: resolution },
    font: { fontBuffers: [await readFile(fontFile())], defaultFontFamily: 'DejaVu Sans' },
  })
  return picture.render().asPng()
}

/** A figure's SVG as a PDF file of one page of its size, with lines as lines and text as text. */
export function svgPdf(svg: string, title: string): Promise<Uint8Array> {
  const [width, height] = svgSize(svg)
  return new Promise((resolve, reject) => {
    const document = new PDFDocument({
      size: [width * pointsPerPixel, height * pointsPerPixel],
      margin: 0,
      info: { Title: title, Creator: 'Espalier' },
    })
    const chunks: Buffer[] = []
    document.on('data', (chunk: Buffer) => chunks.push(chunk))
    document.on('end', () => {
      resolve(Buffer.concat(chunks))
    })
    document.on('error', reject)
    document.registerFont('figure', fontFile())
    SvgToPdf(document, svg, 0, 0, { fontCallback: () => 'figure' })
    document.end()
  })
}

/** Width and height of an SVG file in CSS pixels. Throws when it does not say. */
function svgSize(svg: string): [number, number] {
  const size = /<svg[^>]* width="([\d.]+)" height="([\d.]+)"/.exec(svg)
  if (size === null) throw new Error('the picture has no size')
  return [Number(size[1]), Number(size[2])]
}
