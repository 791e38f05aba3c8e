import { expect, test } from '@playwright/test'
import { collectErrors, goTo, openApplication } from './pages'

let errors: string[]
test.beforeEach(({ page }) => {
  errors = collectErrors(page)
})
test.afterEach(() => {
  expect(errors).toEqual([])
})

test('a sweep from a template: counted, priced, its impossible cells explained, launched', async ({ page }) => {
  await openApplication(page)
  await page.getByTestId('example-interval-sweep').click()
  await expect(page.getByTestId('sweep-count')).toHaveText(
    /4 combinations, 3 seeds each: 15 runs.*3 of them are static/,
  )
  await expect(page.getByTestId('cost-sweep')).toContainText('15 runs')
  await expect(page.getByTestId('cost-sweep')).toContainText('MB')

  await page.getByTestId('add-axis').selectOption('clientsPerRound')
  await page.getByTestId('axis-values-clientsPerRound').fill('10, 30')
  await expect(page.getByTestId('left-out')).toContainText('At most the 20 clients there are.')
  await expect(page.getByTestId('sweep-count')).toContainText('4 of 8 combinations')
  await page.getByTestId('remove-axis-clientsPerRound').click()
  await page.getByTestId('seeds').fill('0')
  await page.getByTestId('launch-sweep').click()
  await expect(page.getByTestId('page-runs')).toBeVisible()
  await expect(page.getByTestId('runs').getByRole('row')).toHaveCount(6)
})

test('edits are undone and redone, by key and by button', async ({ page }) => {
  await openApplication(page)
  const rounds = page.locator('#input-rounds')
  await rounds.fill('7')
  await page.locator('#input-sparsity').fill('0.8')
  await page.keyboard.press('Control+z')
  await expect(page.locator('#input-sparsity')).toHaveValue('0.9')
  await expect(rounds).toHaveValue('7')
  await page.getByTestId('undo').click()
  await expect(rounds).toHaveValue('20')
  await expect(page.getByTestId('undo')).toBeDisabled()
  await page.keyboard.press('Control+Shift+z')
  await expect(rounds).toHaveValue('7')
})

test('fields are found by label, flag and option', async ({ page }) => {
  await openApplication(page)
  await page.getByTestId('field-search').fill('rigl')
  await expect(page.getByTestId('field-rounds')).toBeHidden()
  await expect(page.getByTestId('field-growthCriterion')).toBeVisible()
  await page.getByTestId('field-search').press('Escape')
  await expect(page.getByTestId('field-rounds')).toBeVisible()
  await page.getByTestId('paper-growthCriterion').last().click()
  const asked = await page.evaluate(() => window.fakeEngine.asked.at(-1))
  expect(asked).toEqual({ name: 'application.openPaper', input: { paper: 'Evci et al. 2020' } })
})

test('a pasted command line fills the form, and a set-up comes back from its file', async ({ page }) => {
  await openApplication(page)
  await page.getByTestId('paste-command').click()
  await page.getByTestId('command-text').fill('python dst.py --distribution dirichlet --beta 0.1 --sparsity 0.8 --fp16')
  await page.getByTestId('apply-command').click()
  await expect(page.getByTestId('ignored-flags')).toContainText('--fp16')
  await page.keyboard.press('Escape')
  await expect(page.locator('#input-dirichletConcentration')).toHaveValue('0.1')
  await expect(page.locator('#input-method')).toHaveValue('static')
  await page.getByTestId('save-experiment').click()
  await expect(page.getByTestId('message')).toContainText('/home/ada/setup.json')
  await page.getByTestId('reset-all').click()
  await expect(page.locator('#input-method')).toHaveValue('dynamic')
  await page.getByTestId('load-experiment').click()
  await expect(page.locator('#input-dirichletConcentration')).toHaveValue('0.1')
})

test('the expected R_s is drawn beside R, with a table behind it', async ({ page }) => {
  await openApplication(page)
  const card = page.getByTestId('decay-card')
  await card.getByRole('button', { name: 'Table' }).click()
  await expect(card.getByRole('columnheader', { name: 'Expected R_s' })).toBeVisible()
  await expect(page.getByTestId('memory')).toContainText(/needs about [\d.]+ MB of memory/)
})

test('a method of the field, its criteria, an encoding: explained, priced and launched', async ({ page }) => {
  await openApplication(page)
  const choose = (name: string, option: string) => page.locator(`#input-${name}`).selectOption(option)
  await choose('method', 'set-itop')
  await expect(page.getByTestId('about-method')).toContainText('Liu et al. 2021')
  await expect(page.getByTestId('transfer')).toContainText('2 O_s, and the new mask down after an update')
  await expect(page.getByTestId('expected-explored')).toBeVisible()
  await expect(page.getByTestId('field-growthCriterion')).toContainText('“SET-ITOP” does not use this')
  const upload = page.getByTestId('cost-single').locator('td').nth(1)
  const magnitude = await upload.textContent()
  await choose('dropCriterion', 'weight-gradient')
  await expect(upload).not.toHaveText(magnitude ?? '')
  await choose('encoding', 'csr')
  await choose('layerDistribution', 'er')
  await choose('lastLayer', 'dense')
  await page.getByTestId('seeds').fill('4')
  await page.getByTestId('launch-run').click()
  await expect(page.getByTestId('page-runs')).toBeVisible()
  const launched = await page.evaluate(() => window.fakeEngine.asked.find(({ name }) => name === 'runs.launch'))
  expect(launched?.input).toMatchObject({
    experiments: [
      {
        method: 'set-itop',
        dropCriterion: 'weight-gradient',
        encoding: 'csr',
        layerDistribution: 'er',
        lastLayer: 'dense',
        seed: 4,
      },
    ],
  })

  // Gradients choose what nobody can foretell; published code counts in its own way.
  await goTo(page, 'setup')
  await choose('method', 'rigl')
  await expect(page.getByTestId('expected-explored')).toBeHidden()
  await choose('method', 'seed-code')
  await expect(page.getByTestId('field-encoding')).toContainText('does not use this')
})

test('the palette finds and does by keyboard alone', async ({ page }) => {
  await openApplication(page, { start: 'demo' })
  await page.keyboard.press('Control+k')
  await page.keyboard.type('four arms')
  await expect(page.locator('#palette-list [role=option]')).toHaveCount(2)
  await page.keyboard.press('ArrowUp')
  await expect(page.locator('#palette-list [aria-selected=true]')).toContainText('Open Four arms')
  await page.keyboard.press('Escape')
  await page.keyboard.press('Control+k')
  await page.keyboard.type('growth')
  await page.keyboard.press('Enter')
  await expect(page.getByTestId('axis-growthCriterion')).toBeVisible()
  await goTo(page, 'setup')
})
