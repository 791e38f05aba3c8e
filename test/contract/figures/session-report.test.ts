import { expect, it } from 'vitest'
import { englishFormat } from '../../../src-main/contract/figures/formats'
import { englishReportWords, sessionReport } from '../../../src-main/contract/figures/session-report'
import { englishFigureWords, englishLabels } from '../../../src-main/contract/figures/words'
import { fourArms, run } from '../../report/fixtures'

const language = { words: englishFigureWords, format: englishFormat, labels: englishLabels }
const session = {
  formatVersion: 3 as const,
  id: 's',
  name: 'Skew & <b>ratio</b>',
  notes: 'As in the pilot.\n<script>alert(1)</script>',
  tags: ['pilot'],
  createdAt: '2024-01-01T08:30:00.000Z',
  updatedAt: '2024-01-01T08:30:00.000Z',
  runs: [],
  runAnnotations: {},
}
const report = (runs: typeof fourArms) =>
  sessionReport({ session, runs, application: 'Espalier 1.2.3' }, language, englishReportWords)

it('holds tables, figures, settings, versions and hashes, and nothing that runs', () => {
  const hash = 'ab'.repeat(32)
  const runs = fourArms.map(({ manifest, rounds }) => ({
    rounds,
    manifest: { ...manifest, weightsSha256: hash, versions: { espalier: '1.2.3', node: '20' } },
  }))
  const html = report(runs)
  expect(html).toContain('<h1>Skew &amp; &lt;b&gt;ratio&lt;/b&gt;</h1>')
  expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
  expect(html).not.toContain('<script')
  expect(html.match(/<figure><svg/g)).toHaveLength(7)
  // Dynamic pruning: 80 ± 6 %, and +5 points with the interval of two pairs.
  expect(html).toContain('80.00% ± 6.00%')
  expect(html).toMatch(/\+5\.00 \[−\d+\.\d\d, \+\d+\.\d\d\]/)
  expect(html).toContain('<td>seed</td><td>--seed</td><td>0, 1, 2</td>')
  expect(html).toContain('<td>rounds</td><td>--rounds</td><td>3</td>')
  expect(html).toContain(`<code>${hash}</code>`)
  expect(html).toContain('espalier 1.2.3, node 20')
  expect(html.endsWith('</html>\n')).toBe(true)
})

it('says when nothing has been evaluated', () => {
  expect(report([run({}, [])])).toContain('No round has been evaluated yet.')
  expect(report([])).not.toContain('<figure>')
})
