import Papa from 'papaparse'
import { compareRuns, type ArmComparison, type ComparedRun, type ComparisonGroup } from '../contract/comparison'
import { dirichletPartitions, experimentFieldNames, type Experiment } from '../contract/experiment'
import { methods } from '../contract/methods'
import { bytesText, countText, flopsText, percentText, pointsText, secondsText } from './numbers'
import { latexText, type TableFormat } from './table-format'

const headers = [
  'Arm',
  'n',
  'Final accuracy (%)',
  'Best accuracy (%)',
  'Difference to static (points)',
  'Sparsity (%)',
  'Active weights',
  'Parameters',
  'Upload',
  'Download',
  'Training FLOPs (theoretical)',
  'Seconds per round',
] as const

/**
 * The comparison of the arms as text. Markdown and LaTeX (booktabs) hold mean ± sample standard deviation over seeds, one
 * table for each setting; CSV is tidy, one row for each run with all its fields, for other programs.
 */
export function comparisonTable(runs: readonly ComparedRun[], format: TableFormat): string {
  const groups = compareRuns(runs)
  if (format === 'csv') return csvTable(groups, runs)
  if (groups.length === 0)
    return format === 'md' ? 'No round has been evaluated yet.\n' : '% No round has been evaluated yet.\n'
  return groups.map(format === 'md' ? markdownTable : latexTable).join('\n')
}

function cells(arm: ArmComparison): string[] {
  const { spreads, differenceToStatic } = arm
  return [
    methods[arm.method].title + (arm.finished ? '' : ' (unfinished)'),
    String(arm.results.length),
    percentText(spreads.finalAccuracy),
    percentText(spreads.bestAccuracy),
    differenceToStatic === null ? '–' : pointsText(differenceToStatic),
    // Whole weights cannot hit every sparsity; the digits that tell them apart are shown.
    (spreads.realisedSparsity.mean * 100).toFixed(4),
    countText(spreads.activeWeights.mean),
    countText(spreads.parameters.mean),
    bytesText(spreads.uploadBytes.mean),
    bytesText(spreads.downloadBytes.mean),
    flopsText(spreads.trainingFlops.mean),
    secondsText(spreads.secondsPerRound.mean),
  ]
}

/** What the runs of a table have in common, in one line. */
function caption({ setting, arms, accuracyKind }: ComparisonGroup): string {
  const { dataset, model, partition, rounds, clientsPerRound, totalClients, localEpochs } = setting
  const concentration = dirichletPartitions.includes(partition) ? ` β = ${setting.dirichletConcentration}` : ''
  const share = `${partition === 'dirichlet' ? 'Dirichlet' : partition}${concentration}`
  const moves = arms.some(({ method }) => method === 'dynamic')
    ? `, R = ${setting.readjustmentRatio}, ΔT = ${setting.readjustmentInterval} rounds, growth ${setting.growthCriterion}`
    : ''
  return (
    `${dataset}, ${model}, ${share}, ${clientsPerRound} of ${totalClients} clients, ${rounds} rounds × ${localEpochs} local epochs, ` +
    `${sparsityText(setting)}${moves}` +
    (accuracyKind === 'own'
      ? "; accuracy is the mean of the clients' own models on their own test images, not comparable with that of one global model"
      : '')
  )
}

function sparsityText(setting: ComparisonGroup['setting']): string {
  const { sparsity, layerDistribution, erdosRenyiEpsilon, firstLayer, lastLayer } = setting
  const dense = [firstLayer === 'dense' ? 'first' : '', lastLayer === 'dense' ? 'last' : ''].filter(Boolean)
  const extent = layerDistribution === 'er-epsilon' ? `ε = ${erdosRenyiEpsilon}` : `S = ${sparsity}`
  return `${extent} (${layerDistribution}${dense.length > 0 ? `, ${dense.join(' and ')} layer dense` : ''})`
}

function markdownTable(group: ComparisonGroup): string {
  const row = (texts: readonly string[]) => `| ${texts.join(' | ')} |`
  return [
    caption(group),
    '',
    row(headers),
    row(headers.map((_, column) => (column === 0 ? '---' : '---:'))),
    ...group.arms.map((arm) => row(cells(arm))),
    '',
  ].join('\n')
}

function latexTable(group: ComparisonGroup): string {
  const row = (texts: readonly string[]) => `    ${texts.map(latexText).join(' & ')} \\\\`
  return [
    '% needs \\usepackage{booktabs}',
    '\\begin{table}',
    '  \\centering',
    `  \\caption{${latexText(caption(group))}; mean $\\pm$ standard deviation over seeds.}`,
    `  \\begin{tabular}{l${'r'.repeat(headers.length - 1)}}`,
    '    \\toprule',
    row(headers),
    '    \\midrule',
    ...group.arms.map((arm) => row(cells(arm))),
    '    \\bottomrule',
    '  \\end{tabular}',
    '\\end{table}',
    '',
  ].join('\n')
}

function csvTable(groups: readonly ComparisonGroup[], runs: readonly ComparedRun[]): string {
  const experiments = new Map(runs.map(({ manifest }) => [manifest.id, manifest.experiment]))
  const results = groups.flatMap(({ arms }) => arms.flatMap((arm) => arm.results))
  const rows = results.map((result) => ({ ...experimentOf(experiments, result.runId), ...result }))
  return Papa.unparse(rows, { newline: '\n', columns: csvColumns }) + '\n'
}

const csvColumns = [
  'runId',
  ...experimentFieldNames,
  'finished',
  'roundsDone',
  'accuracyKind',
  'finalAccuracy',
  'bestAccuracy',
  'finalLoss',
  'realisedSparsity',
  'activeWeights',
  'prunableWeights',
  'parameters',
  'uploadBytes',
  'downloadBytes',
  'trainingFlops',
  'secondsPerRound',
]

function experimentOf(experiments: ReadonlyMap<string, Experiment>, runId: string): Experiment | undefined {
  return experiments.get(runId)
}
