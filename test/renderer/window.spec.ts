import { expect, test, type Page } from '@playwright/test'
import { collectErrors, goTo, openApplication, settle } from './pages'

let errors: string[]
test.beforeEach(({ page }) => {
  errors = collectErrors(page)
})
test.afterEach(() => {
  expect(errors).toEqual([])
})

const field = (page: Page, name: string) => page.getByTestId(`field-${name}`)
const input = (page: Page, name: string) => page.locator(`#input-${name}`)

test.describe('set-up', () => {
  test('says beside the field what is wrong, and withholds the launch', async ({ page }) => {
    await openApplication(page)
    await expect(page.getByTestId('launch-ablation')).toBeEnabled()

    await input(page, 'clientsPerRound').fill('21')
    await expect(field(page, 'clientsPerRound').getByRole('alert')).toHaveText('At most the 20 clients there are.')
    await input(page, 'rounds').fill('1.5')
    await expect(field(page, 'rounds').getByRole('alert')).toHaveText('A whole number from 1 to 1,000,000.')
    await expect(input(page, 'rounds')).toHaveAttribute('aria-invalid', 'true')
    await expect(page.getByTestId('launch-ablation')).toBeDisabled()
    await expect(page.getByText('One field needs attention.')).toBeVisible()

    await page.getByTestId('reset-rounds').click()
    await expect(input(page, 'rounds')).toHaveValue('20')
    await input(page, 'clientsPerRound').fill('20')
    await expect(page.getByTestId('launch-ablation')).toBeEnabled()
  })

  test('refuses what is no list of seeds', async ({ page }) => {
    await openApplication(page)
    await page.getByTestId('seeds').fill('0, x')
    await expect(page.getByTestId('launch-run')).toBeDisabled()
    await page.getByTestId('seeds').fill('0-4')
    await expect(page.getByTestId('launch-ablation')).toContainText('20 runs')
  })

  test('dims fields without a say and gives the reason', async ({ page }) => {
    await openApplication(page)
    await expect(field(page, 'dirichletConcentration')).toContainText('Only with Partition: Dirichlet')
    await input(page, 'partition').selectOption('dirichlet')
    await expect(field(page, 'dirichletConcentration')).not.toContainText('Only with Partition: Dirichlet')
    await input(page, 'method').selectOption('static')
    await expect(field(page, 'readjustmentInterval')).toContainText('does not use this.')
  })

  test('shows what the choice means: partition, densities, decay, cost', async ({ page }) => {
    await openApplication(page)
    await expect(page.getByTestId('smallest-client')).toHaveText('Smallest: client 0, 3,000 images')
    await expect(page.getByTestId('density-card')).toContainText('26,176 of 261,750')
    await input(page, 'sparsity').fill('0.5')
    await expect(page.getByTestId('low-sparsity')).toContainText('Use S ≥ 0.8')
    await expect(page.getByTestId('density-card')).toContainText('130,876 of 261,750')
    await page.getByTestId('seeds').fill('0')
    await expect(page.getByTestId('cost-ablation')).toContainText('4 runs')
    await input(page, 'samplesPerClient').fill('100')
    await expect(page.getByTestId('partition-card')).toContainText('58,000 images go unused')
    await page.getByTestId('partition-card').getByRole('button', { name: 'Table' }).click()
    await expect(page.getByTestId('partition-card').getByRole('row')).toHaveCount(21)
  })

  test('fetches a missing data set in place, and a cancelled fetch is no error', async ({ page }) => {
    // Slow enough to be cancelled, however busy the machine is.
    await openApplication(page, { round: '500' })
    await input(page, 'dataset').selectOption('cifar10')
    const notice = page.getByTestId('dataset-notice')
    await expect(notice).toContainText('CIFAR-10 is not on this computer yet')
    await expect(page.getByTestId('launch-run')).toBeDisabled()
    await page.getByTestId('fetch-cifar10').click()
    await expect(notice.getByRole('progressbar')).toBeVisible()
    await notice.getByRole('button', { name: 'Cancel: CIFAR-10' }).click()
    await expect(page.getByTestId('fetch-cifar10')).toBeVisible()
    await expect(page.getByTestId('message')).toHaveCount(0)
    await page.evaluate(() => {
      window.fakeEngine.roundMilliseconds = 20
    })
    await page.getByTestId('fetch-cifar10').click()
    await expect(notice).toHaveCount(0)
    await expect(page.getByTestId('launch-run')).toBeEnabled()
    await expect(page.getByTestId('density-card')).toContainText('conv1')
  })
})

test('from an example to an ablation, its curves, its table and its layers', async ({ page }) => {
  // Slow enough that the first run is seen running, whatever else the machine does.
  await openApplication(page, { round: '2000' })
  await page.getByTestId('example-four-arms').click()
  await expect(input(page, 'partition')).toHaveValue('dirichlet')
  await input(page, 'rounds').fill('8')
  await page.getByTestId('seeds').fill('0, 1')
  await page.getByTestId('session-name').fill('First answer')
  await page.getByTestId('launch-ablation').click()

  await expect(page.getByTestId('page-runs')).toBeVisible()
  await expect(page.getByTestId('open-session')).toHaveText('First answer')
  await expect(page.getByTestId('runs').getByRole('row')).toHaveCount(9)
  await expect(page.getByTestId('run-dynamic-0')).toHaveAttribute('data-state', 'running')
  await expect(page.getByTestId('run-small-dense-1')).toHaveAttribute('data-state', 'queued')

  await page.getByTestId('run-static-1').getByTestId('pause-run').click()
  await expect(page.getByTestId('run-static-1')).toHaveAttribute('data-state', 'paused')
  await page.getByTestId('run-none-1').getByTestId('cancel-run').click()
  await expect(page.getByTestId('run-none-1')).toHaveAttribute('data-state', 'cancelled')
  await page.evaluate(() => {
    window.fakeEngine.roundMilliseconds = 30
  })
  await expect(page.getByTestId('runs-summary')).toHaveText('6 of 8 runs finished', { timeout: 20_000 })
  await page.getByTestId('run-static-1').getByTestId('resume-run').click()
  await expect(page.getByTestId('runs-summary')).toHaveText('7 of 8 runs finished', { timeout: 10_000 })
  await expect(page.getByTestId('run-dynamic-0')).toContainText('round 8 of 8')

  await goTo(page, 'compare')
  await expect(page.getByTestId('result-dynamic')).toContainText('2 pairs')
  await expect(page.getByTestId('result-none')).toContainText('1 pair')
  await page.getByTestId('tab-curves').click()
  await page.getByTestId('axis-x').selectOption('megabytes')
  await page.getByTestId('axis-y').selectOption('trainLoss')
  const curves = page.getByRole('region', { name: 'Learning curves' }).first()
  await curves.getByRole('button', { name: 'Table' }).click()
  await expect(curves.getByRole('columnheader', { name: 'Uploaded (MB)' })).toBeVisible()

  await goTo(page, 'layers')
  await expect(page.getByTestId('invariant-summary')).toContainText('All invariants hold')
  const slider = page.getByTestId('mask-update')
  await slider.fill('0')
  await expect(page.getByTestId('mask-when')).toHaveText('First mask, before round 0')
  const first = await page.getByTestId('mask-picture').getAttribute('aria-label')
  await slider.press('ArrowRight')
  await expect(page.getByTestId('mask-when')).toContainText('Update 1, after round 0 · R = 0.3')
  await expect(page.getByTestId('mask-picture')).not.toHaveAttribute('aria-label', first ?? '')
  await page.getByTestId('mask-layer').selectOption({ label: 'fc1' })
  await expect(page.getByTestId('mask-picture')).toHaveAttribute('aria-label', /fc1.*Grown: [1-9]/)
  // The picture and the record come by different ways and must agree.
  const grown = /Grown: ([\d,]+)/.exec((await page.getByTestId('mask-picture').getAttribute('aria-label')) ?? '')?.[1]
  await expect(page.getByTestId('counts').getByRole('row', { name: /^fc1/ }).getByRole('cell').nth(4)).toHaveText(
    grown ?? '',
  )
})

test('a broken invariant turns red and says what was found', async ({ page }) => {
  await openApplication(page, { start: 'demo' })
  await page.evaluate(async () => {
    const reply = await window.fakeEngine.invoke('sessions.list', undefined)
    if (!reply.ok) throw new Error(reply.error.message)
    const { manifest } = (reply.value as { manifest: { id: string; runs: string[] } }[])[1]
    const records = await window.fakeEngine.invoke('runs.records', { sessionId: manifest.id, runId: manifest.runs[0] })
    if (!records.ok) throw new Error(records.error.message)
    const { topology } = records.value as { topology: { invariants: object[] }[] }
    const last = topology[topology.length - 1]
    const [first, ...others] = last.invariants
    window.fakeEngine.emit({
      type: 'run.topology',
      sessionId: manifest.id,
      runId: manifest.runs[0],
      record: {
        ...last,
        invariants: [{ ...first, holds: false, detail: 'fc1 has 3,688 active weights, 3,687 requested' }, ...others],
      } as never,
    })
  })
  await goTo(page, 'layers')
  await expect(page.getByTestId('invariant-summary')).toHaveText('1 broken')
  await expect(page.getByTestId('invariants')).toContainText('fc1 has 3,688 active weights, 3,687 requested')
})

test('reopens the last session; failed and interrupted runs explain themselves', async ({ page }) => {
  await openApplication(page, { start: 'demo' })
  await expect(page.getByTestId('open-session')).toHaveText('Four arms, S = 0.9, β = 0.5')
  await goTo(page, 'sessions')
  await page.getByRole('button', { name: 'β = 0.1, first try', exact: true }).click()
  await expect(page.getByTestId('session-details')).toContainText('the last line is torn')
  await page.getByTestId('open-session-button').click()
  await goTo(page, 'runs')
  await expect(page.getByTestId('run-none-0').getByTestId('run-message')).toContainText('Lower learningRate')
  await expect(page.getByTestId('run-static-0').getByTestId('run-message')).toContainText('Resume continues')
  // The cause is known, and so is what would help: the form is filled with it.
  const rate = await page.evaluate(async () => {
    const reply = await window.fakeEngine.invoke('sessions.list', undefined)
    if (!reply.ok) throw new Error(reply.error.message)
    const { manifest } = (reply.value as { manifest: { id: string } }[])[0]
    const opened = await window.fakeEngine.invoke('sessions.open', { sessionId: manifest.id })
    if (!opened.ok) throw new Error(opened.error.message)
    return (opened.value as { runs: { experiment: { learningRate: number } }[] }).runs[1].experiment.learningRate
  })
  await expect(page.getByTestId('failure-help')).toContainText('it needs a smaller step')
  await page.getByTestId('mend-run').click()
  await expect(input(page, 'learningRate')).toHaveValue(String(rate / 10))
  await expect(input(page, 'method')).toHaveValue('none')
})

test('what of the records cannot be read is named wherever it is missing', async ({ page }) => {
  await openApplication(page)
  await page.evaluate(async () => {
    await window.fakeEngine.invoke('sessions.openExample', undefined)
    const reply = await window.fakeEngine.invoke('sessions.list', undefined)
    if (!reply.ok) throw new Error(reply.error.message)
    const { manifest } = (reply.value as { manifest: { runs: string[] } }[])[0]
    window.fakeEngine.damagedRecords[manifest.runs[0]] = ['rounds.ndjson: line 3: is no JSON']
  })
  await goTo(page, 'sessions')
  await page.getByTestId('open-session-button').click()
  for (const name of ['runs', 'compare', 'layers'] as const) {
    await page.getByTestId(`nav-${name}`).click()
    await expect(page.getByTestId('damage')).toContainText('Records of 1 run could not be read')
    await expect(page.getByTestId('damage')).toContainText('Dynamic pruning, seed 0: rounds.ndjson: line 3: is no JSON')
  }
})

test('sessions: rename, notes, verify, delete and undo', async ({ page }) => {
  await openApplication(page, { start: 'demo' })
  await goTo(page, 'sessions')
  const rows = page.getByTestId('session-row')
  await expect(rows).toHaveCount(2)

  await page.getByTestId('rename').click()
  await page.getByTestId('rename-input').fill('Four arms at last')
  await page.getByTestId('rename-input').press('Enter')
  await expect(page.getByTestId('open-session')).toHaveText('Four arms at last')
  await expect(rows.first()).toContainText('Four arms at last')

  await page.getByTestId('notes').fill('Seed 2 is an outlier.')
  await page.getByTestId('notes').blur()
  await expect(page.getByTestId('session-details')).toContainText('Saved')
  const saved = await page.evaluate(() =>
    window.fakeEngine.asked.filter(({ name }) => name === 'sessions.update').at(-1),
  )
  expect(saved?.input).toMatchObject({ notes: 'Seed 2 is an outlier.' })

  await page.getByTestId('verify').click()
  await expect(page.getByTestId('verify-report')).toContainText('all is well')

  await page.getByTestId('delete-session').click()
  await expect(rows).toHaveCount(1)
  await expect(page.getByTestId('open-session')).toHaveText('No open session')
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(rows).toHaveCount(2)
  await expect(page.getByTestId('open-session')).toHaveText('Four arms at last')
})

test('language and theme change the whole window at once', async ({ page }) => {
  await openApplication(page, { start: 'demo' })
  await goTo(page, 'settings')
  await page.getByTestId('locale-zh-CN').check()
  await expect(page.getByTestId('nav-setup')).toContainText('实验设置')
  await expect(page.locator('html')).toHaveAttribute('lang', 'zh-CN')
  await page.getByTestId('theme-dark').check()
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark')
  await goTo(page, 'compare')
  await expect(page.getByTestId('result-dynamic')).toContainText('动态剪枝')
  await expect(page.getByTestId('result-static')).toContainText('静态剪枝')
  await page.emulateMedia({ colorScheme: 'light' })
  await goTo(page, 'settings')
  await page.getByTestId('theme-system').check()
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'light')
})

test('a refused command is shown in its own words and can be dismissed', async ({ page }) => {
  await openApplication(page)
  await expect(page.getByTestId('smallest-client')).toBeVisible()
  await page.evaluate(() => {
    window.fakeEngine.failNext('runs.launch', 'The disk is full. Free some space and run again.')
  })
  await page.getByTestId('launch-run').click()
  await expect(page.getByTestId('message')).toContainText('The disk is full. Free some space and run again.')
  await expect(page.getByTestId('page-setup')).toBeVisible()
  await page.getByRole('button', { name: 'Dismiss' }).click()
  await expect(page.getByTestId('message')).toHaveCount(0)
  await page.getByTestId('launch-run').click()
  await expect(page.getByTestId('page-runs')).toBeVisible()
})

test('the window says so when the engine is lost, and when there is no bridge', async ({ page }) => {
  await openApplication(page, { start: 'demo' })
  await page.evaluate(() => {
    window.fakeEngine.emit({ type: 'engine.lost', message: 'It ran out of memory.' })
  })
  await expect(page.getByTestId('message')).toContainText('It ran out of memory.')
  await page.goto('/?bridge=none')
  await expect(page.getByRole('alert')).toContainText('cannot reach its engine')
})

test('a copied table holds the numbers of the screen', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  await openApplication(page, { start: 'demo' })
  await goTo(page, 'compare')
  await page.getByTestId('copy-latex').click()
  await expect(page.getByTestId('message')).toContainText('Copied')
  const text = await page.evaluate(() => navigator.clipboard.readText())
  expect(text).toContain('\\toprule')
  const shown = await page.getByTestId('result-dynamic').getByRole('cell').nth(1).innerText()
  expect(text).toContain(/[\d.]+/.exec(shown)?.[0])
})

test('everything from set-up to the answer with the keyboard alone', async ({ page }) => {
  await openApplication(page, { round: '10' })
  await expect(page.getByTestId('smallest-client')).toBeVisible()
  await page.keyboard.press('?')
  await expect(page.getByRole('dialog')).toContainText('Run the ablation')
  await page.keyboard.press('Escape')
  await expect(page.getByRole('dialog')).toHaveCount(0)

  await page.keyboard.press('Tab')
  await expect(page.locator(':focus')).toHaveText('Skip to content')
  await page.keyboard.press('Enter')
  for (let presses = 0; presses < 60; presses++) {
    if (await page.locator('#input-rounds').evaluate((element) => element === document.activeElement)) break
    await page.keyboard.press('Tab')
  }
  await expect(page.locator('#input-rounds')).toBeFocused()
  const outline = await page.locator('#input-rounds').evaluate((element) => getComputedStyle(element).outlineStyle)
  expect(outline).toBe('solid')
  await page.keyboard.press('ControlOrMeta+a')
  await page.keyboard.type('4')
  await page.keyboard.press('ControlOrMeta+Shift+Enter')
  await expect(page.getByTestId('page-runs')).toBeVisible()
  await expect(page.getByTestId('runs-summary')).toHaveText('12 of 12 runs finished', { timeout: 20_000 })
  await page.keyboard.press('ControlOrMeta+3')
  await expect(page.getByTestId('result-dynamic')).toBeVisible()
  await page.keyboard.press('ControlOrMeta+4')
  await expect(page.getByTestId('mask-picture')).toBeVisible()
  await settle(page)
})

test('records that are written again after a resume replace those they overtake', async ({ page }) => {
  await openApplication(page, { start: 'demo' })
  await goTo(page, 'runs')
  const chart = page.getByRole('region', { name: 'Test accuracy' }).first()
  const before = await chart.getByRole('img').getAttribute('aria-label')
  await page.evaluate(async () => {
    const reply = await window.fakeEngine.invoke('sessions.list', undefined)
    if (!reply.ok) throw new Error(reply.error.message)
    const { manifest } = (reply.value as { manifest: { id: string; runs: string[] } }[])[1]
    const records = await window.fakeEngine.invoke('runs.records', { sessionId: manifest.id, runId: manifest.runs[0] })
    if (!records.ok) throw new Error(records.error.message)
    const { rounds } = records.value as { rounds: { round: number }[] }
    window.fakeEngine.emit({
      type: 'run.round',
      sessionId: manifest.id,
      runId: manifest.runs[0],
      record: { ...rounds[5], globalAccuracy: 0.5 } as never,
    })
  })
  await expect(chart.getByRole('img')).not.toHaveAttribute('aria-label', before ?? '')
  await expect(chart.getByRole('img')).toHaveAttribute('aria-label', /Dynamic pruning, seed 0: 50%/)
})
