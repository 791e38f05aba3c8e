import { existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { getDocument, OPS } from 'pdfjs-dist/legacy/build/pdf.mjs'
import { PNG } from 'pngjs'
import { expect, test } from './application'

const small = { totalClients: '4', clientsPerRound: '4', samplesPerClient: '40', rounds: '3' }

test('figures, table and report leave in every format, in both languages, and open again', async ({ open, home }) => {
  const laboratory = await open()
  const { application, window } = laboratory
  await laboratory.fill(small)
  await laboratory.launch('ablation', '0, 1', 'To be exported')
  await expect(laboratory.runsIn('finished')).toHaveCount(8, { timeout: 150_000 })
  await laboratory.show('compare')
  await window.getByTestId('tab-curves').click()

  /** Saves what the dialog offers under this name and gives the bytes of the file. */
  const save = async (subject: string | { label: string }, format: string, name: string): Promise<Buffer> => {
    const file = join(home, name)
    // The dialog is the system's own and out of reach; its answer is given here.
    await application.evaluate(({ dialog }, filePath) => {
      dialog.showSaveDialog = () => Promise.resolve({ canceled: false, filePath })
    }, file)
    await window.keyboard.press('ControlOrMeta+e')
    await window.getByTestId('export-subject').selectOption(subject)
    await window.getByTestId('export-format').selectOption(format)
    await window.getByTestId('export-save').press('Enter')
    await expect.poll(() => existsSync(file), { timeout: 20_000 }).toBe(true)
    expect((await stat(file)).size).toBeGreaterThan(100)
    return readFile(file)
  }
  const textOf = async (bytes: Buffer): Promise<string> => {
    const document = await getDocument({ data: Uint8Array.from(bytes), verbosity: 0 }).promise
    expect(document.numPages).toBe(1)
    const { items } = await (await document.getPage(1)).getTextContent()
    await document.destroy()
    return items.map((item) => ('str' in item ? item.str : '')).join('')
  }

  const svg = (await save('figure-0', 'svg', 'curves.svg')).toString()
  expect(svg).toContain('>Dynamic pruning (n = 2)<')
  const pdf = await textOf(await save('figure-0', 'pdf', 'curves.pdf'))
  expect(pdf).toContain('Dynamic pruning (n = 2)')
  expect(pdf).toContain('Test accuracy (global model)')
  const picture = PNG.sync.read(await save('figure-0', 'png', 'curves.png'))
  expect(picture.width).toBe(1280)
  expect(new Set(picture.data).size).toBeGreaterThan(20)
  expect((await save('figure-0', 'csv', 'curves.csv')).toString()).toMatch(/^Series,Rounds,/)
  expect((await save('table', 'md', 'table.md')).toString()).toContain('| Dynamic pruning | 2 |')
  expect((await save('table', 'csv', 'table.csv')).toString()).toMatch(/^runId,/)
  expect((await save('table', 'latex', 'table.tex')).toString()).toContain('\\toprule')
  const report = (await save('report', 'html', 'report.html')).toString()
  expect(report).toContain('<h1>To be exported</h1>')
  expect(report.match(/<code>[0-9a-f]{64}<\/code>/g)?.length).toBe(16)

  // A mask is a picture within the picture; on paper it is there, too.
  await laboratory.show('layers')
  await expect(window.getByTestId('mask-picture')).toHaveAttribute('aria-label', /conv1.*: \d/)
  const option = window.getByTestId('export-subject').locator('option', { hasText: 'Mask of conv1' })
  await window.keyboard.press('ControlOrMeta+e')
  const subject = await option.getAttribute('value')
  await window.keyboard.press('Escape')
  await expect(window.getByTestId('export-subject')).toBeHidden()
  const paper = await getDocument({ data: Uint8Array.from(await save(subject ?? '', 'pdf', 'mask.pdf')), verbosity: 0 })
    .promise
  const { fnArray } = await (await paper.getPage(1)).getOperatorList()
  expect(fnArray).toContain(OPS.paintImageXObject)
  await paper.destroy()

  await laboratory.show('settings')
  await window.getByTestId('locale-zh-CN').check()
  await laboratory.show('compare')
  expect(await textOf(await save('figure-0', 'pdf', 'chinese.pdf'))).toContain('动态剪枝')
  expect((await save('report', 'html', 'chinese.html')).toString()).toContain('<html lang="zh-CN">')
  expect(laboratory.complaints).toEqual([])
})
