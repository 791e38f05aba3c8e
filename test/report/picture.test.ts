import { PNG } from 'pngjs'
import { getDocument } from 'pdfjs-dist/legacy/build/pdf.mjs'
import { expect, it } from 'vitest'
import { figureArms } from '../../src-main/contract/figures/arms'
import { figureSvg } from '../../src-main/contract/figures/figure'
import { englishFormat } from '../../src-main/contract/figures/formats'
import { lineFigure } from '../../src-main/contract/figures/line-figure'
import { curvesModel } from '../../src-main/contract/figures/views'
import { englishFigureWords, englishLabels } from '../../src-main/contract/figures/words'
import { svgPdf, svgPng } from '../../src-main/report/picture'
import { fourArms } from './fixtures'

const language = { words: englishFigureWords, format: englishFormat, labels: englishLabels }
const arms = figureArms(fourArms, englishLabels)
const svg = figureSvg(
  lineFigure(
    curvesModel(arms, { axis: 'rounds', metric: 'accuracy', band: 'deviation' }, language),
    englishFigureWords,
    '–',
  ),
)
const [width, height] = (/width="([\d.]+)" height="([\d.]+)"/.exec(svg) ?? []).slice(1).map(Number)

it('a PDF has one page of the size of the figure, with its legend and labels as text', async () => {
  const document = await getDocument({ data: Uint8Array.from(await svgPdf(svg, 'Curves')), verbosity: 0 }).promise
  expect(document.numPages).toBe(1)
  const page = await document.getPage(1)
  expect(page.view[2]).toBeCloseTo(0.75 * width, 1)
  expect(page.view[3]).toBeCloseTo(0.75 * height, 1)
  const { items } = await page.getTextContent()
  const text = items.map((item) => ('str' in item ? item.str : '')).join('')
  for (const { label, results } of arms) expect(text).toContain(`${label} (n = ${results.length})`)
  expect(text).toContain('Test accuracy (global model)')
  await document.destroy()
})

it('Greek letters and signs survive in a PDF', async () => {
  const greek = svg.replaceAll('Dynamic pruning', 'ΔT = 2, β ≥ 0.5, ± −1')
  const document = await getDocument({ data: Uint8Array.from(await svgPdf(greek, 'β')), verbosity: 0 }).promise
  const { items } = await (await document.getPage(1)).getTextContent()
  expect(items.map((item) => ('str' in item ? item.str : '')).join('')).toContain('ΔT = 2, β ≥ 0.5, ± −1')
  await document.destroy()
})

it('a PNG is the figure at twice its size, on white', async () => {
  const picture = PNG.sync.read(Buffer.from(await svgPng(svg)))
  expect([picture.width, picture.height]).toEqual([2 * width, 2 * height])
  expect([...picture.data.subarray(0, 4)]).toEqual([255, 255, 255, 255])
  const colours = new Set<number>()
  for (let at = 0; at < picture.data.length; at += 4) colours.add(picture.data.readUIntBE(at, 3))
  // The lines of dynamic and static pruning, and the text.
  for (const colour of [0x0072b2, 0xd55e00, 0x575e67]) expect(colours).toContain(colour)
})
