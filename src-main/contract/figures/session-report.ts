import { compareRuns, runResult, type ArmComparison, type ComparedRun, type ComparisonGroup } from '../comparison'
import { experimentFieldNames, fieldMetadata, type ExperimentField } from '../experiment'
import type { SessionManifest } from '../records'
import { meanInterval, type Spread } from '../statistics'
import { distinguishingFields, figureArms, type FigureArm } from './arms'
import { figureSvg, type Figure } from './figure'
import { intervalFigure } from './interval-chart'
import { lineFigure } from './line-figure'
import { parallelFigure } from './parallel-chart'
import { scatterFigure } from './scatter-chart'
import { escapeXml } from './svg'
import {
  commonAccuracy,
  commonBudget,
  curvesModel,
  differencesModel,
  parallelModel,
  paretoModel,
  toReachModel,
  withinModel,
  type Language,
} from './views'

/**
 * A session as one HTML file without scripts: tables, figures, settings, versions and hashes. It opens offline and prints,
 * and its content policy lets it load nothing.
 */

export interface ReportedSession {
  readonly session: SessionManifest
  readonly runs: readonly ComparedRun[]
  /** Name and version of the application. */
  readonly application: string
}

export interface ReportWords {
  /** Language tag of the text. */
  readonly language: string
  readonly report: string
  readonly created: string
  readonly runs: string
  readonly results: string
  readonly caption: string
  readonly figures: string
  readonly settings: string
  readonly sameForAll: string
  readonly differing: string
  readonly field: string
  readonly value: string
  readonly provenance: string
  readonly state: string
  readonly rounds: string
  readonly data: string
  readonly weights: string
  readonly trainer: string
  readonly versions: string
  readonly difference: string
  readonly best: string
  readonly upload: string
  readonly flops: string
  readonly notes: string
  readonly unevaluated: string
  readonly madeBy: (application: string) => string
}

export const englishReportWords: ReportWords = {
  language: 'en',
  report: 'Session report',
  created: 'Created',
  runs: 'Runs',
  results: 'Results',
  caption:
    'Mean ± standard deviation over seeds; the difference is paired: seed by seed, minus static pruning. FLOPs are theoretical.',
  figures: 'Figures',
  settings: 'Experiment settings',
  sameForAll: 'The same for all runs',
  differing: 'Different between runs',
  field: 'Field',
  value: 'Value',
  provenance: 'Provenance',
  state: 'State',
  rounds: 'Rounds',
  data: 'SHA-256 of the data',
  weights: 'SHA-256 of the final weights',
  trainer: 'Trainer',
  versions: 'Versions',
  difference: 'Difference to static (points)',
  best: 'Best accuracy',
  upload: 'Upload (MB)',
  flops: 'Training FLOPs',
  notes: 'Notes',
  unevaluated: 'No round has been evaluated yet.',
  madeBy: (application) => `Made by ${application}`,
}

const missing = '–'

const style = `
body { font: 14px/1.5 system-ui, 'Noto Sans', 'Noto Sans CJK SC', sans-serif; color: #1b1e22; background: #fff; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; font-variant-numeric: tabular-nums; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; border-bottom: 1px solid #d8dbde; } h3 { font-size: 1rem; }
table { border-collapse: collapse; margin: 0.5rem 0 1rem; } th, td { text-align: left; padding: 3px 10px; border-bottom: 1px solid #d8dbde; vertical-align: top; }
td.n, th.n { text-align: right; } .scroll { overflow-x: auto; } .muted { color: #575e67; } code { font-size: 0.8em; word-break: break-all; }
figure { margin: 1rem 0; break-inside: avoid; } figure svg { max-width: 100%; height: auto; } pre { white-space: pre-wrap; font: inherit; }
`

export function sessionReport(reported: ReportedSession, language: Language, words: ReportWords): string {
  const { session, runs, application } = reported
  const arms = figureArms(runs, language.labels)
  const isEvaluated = arms.length > 0
  const body = [
    `<h1>${escapeXml(session.name)}</h1>`,
    `<p class="muted">${[
      words.report,
      `${words.created} ${session.createdAt.slice(0, 16).replace('T', ' ')} UTC`,
      `${words.runs}: ${language.format.count(runs.length)}`,
      ...session.tags,
      words.madeBy(application),
    ]
      .map(escapeXml)
      .join(' · ')}</p>`,
    ...(session.notes.trim() === '' ? [] : [section(words.notes, `<pre>${escapeXml(session.notes)}</pre>`)]),
    section(words.results, isEvaluated ? results(runs, language, words) : `<p>${escapeXml(words.unevaluated)}</p>`),
    ...(isEvaluated ? [section(words.figures, reportFigures(runs, arms, language).map(figureElement).join('\n'))] : []),
    ...(runs.length === 0 ? [] : [section(words.settings, settings(runs, language, words))]),
    section(words.provenance, provenance(runs, language, words)),
  ]
  return `<!doctype html>
<html lang="${escapeXml(words.language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeXml(session.name)} – ${escapeXml(words.report)}</title>
<style>${style}</style>
</head>
<body>
${body.join('\n')}
</body>
</html>
`
}

/** The figures of a comparison as they are without any choice of the user. */
function reportFigures(runs: readonly ComparedRun[], arms: readonly FigureArm[], language: Language): Figure[] {
  const { words } = language
  const metric = arms.every(({ accuracyKind }) => accuracyKind === 'own') ? 'localAccuracy' : 'accuracy'
  const curves = (['rounds', 'megabytes'] as const).map((axis) =>
    lineFigure(curvesModel(arms, { axis, metric, band: 'deviation' }, language), words, missing),
  )
  const baseline = arms.find(({ method }) => method === 'static') ?? arms[0]
  return [
    ...curves,
    intervalFigure(differencesModel(arms, baseline, language), words, missing),
    intervalFigure(withinModel(arms, 'megabytes', commonBudget(arms, 'megabytes'), language), words, missing),
    intervalFigure(toReachModel(arms, 'megabytes', commonAccuracy(arms), language), words, missing),
    scatterFigure(paretoModel(arms, 'flops', language), words, missing),
    parallelFigure(parallelModel(runs, arms, language), {}, words, missing),
  ]
}

function figureElement(figure: Figure): string {
  return `<figure>${figureSvg(figure)}<figcaption>${escapeXml(figure.title)}</figcaption></figure>`
}

function results(runs: readonly ComparedRun[], language: Language, words: ReportWords): string {
  const groups = compareRuns(runs)
  const fields = distinguishingFields(groups.map(({ setting }) => setting))
  return [
    `<p class="muted">${escapeXml(words.caption)}</p>`,
    ...groups.map((group) => armsTable(group, fields, language, words)),
  ].join('\n')
}

function armsTable(
  { setting, arms, accuracyKind }: ComparisonGroup,
  fields: readonly ExperimentField[],
  { words: figureWords, format, labels }: Language,
  words: ReportWords,
): string {
  const withDeviation = ({ mean, deviation }: Spread, show: (value: number) => string) =>
    deviation === null ? show(mean) : `${show(mean)} ± ${show(deviation)}`
  const difference = ({ differenceToStatic }: ArmComparison) => {
    if (differenceToStatic === null) return missing
    const interval = meanInterval(differenceToStatic)
    const range = interval === null ? '' : ` [${format.points(interval.low)}, ${format.points(interval.high)}]`
    return `${format.points(differenceToStatic.mean)}${range}`
  }
  const heading = [
    labels.setting(setting, fields),
    ...(accuracyKind === 'own' ? [figureWords.metrics.localAccuracy] : []),
  ].filter((part) => part !== '')
  return [
    ...(heading.length === 0 ? [] : [`<h3>${escapeXml(heading.join(' · '))}</h3>`]),
    table(
      [
        figureWords.method,
        'n',
        figureWords.finalAccuracy,
        words.difference,
        words.best,
        figureWords.activeWeights,
        words.upload,
        words.flops,
      ],
      arms.map((arm) => [
        labels.method(arm.method),
        format.count(arm.results.length),
        withDeviation(arm.spreads.finalAccuracy, (value) => format.percent(value)),
        difference(arm),
        withDeviation(arm.spreads.bestAccuracy, (value) => format.percent(value)),
        format.count(arm.spreads.activeWeights.mean),
        format.significant(arm.spreads.uploadBytes.mean / 1e6),
        format.flops(arm.spreads.trainingFlops.mean),
      ]),
      1,
    ),
  ].join('\n')
}

function settings(runs: readonly ComparedRun[], { labels }: Language, words: ReportWords): string {
  const experiments = runs.map(({ manifest }) => manifest.experiment)
  const differing = experimentFieldNames.filter((name) =>
    experiments.some((experiment) => experiment[name] !== experiments[0][name]),
  )
  const same = experimentFieldNames.filter((name) => !differing.includes(name))
  const row = (name: ExperimentField, values: readonly string[]) => [
    labels.field(name),
    `--${fieldMetadata(name).flag}`,
    [...new Set(values)].join(', '),
  ]
  const columns = [words.field, '', words.value]
  return [
    ...(differing.length === 0
      ? []
      : [
          `<h3>${escapeXml(words.differing)}</h3>`,
          table(
            columns,
            differing.map((name) =>
              row(
                name,
                experiments.map((experiment) => labels.fieldValue(experiment, name)),
              ),
            ),
            columns.length,
          ),
        ]),
    `<h3>${escapeXml(words.sameForAll)}</h3>`,
    table(
      columns,
      same.map((name) => row(name, [labels.fieldValue(experiments[0], name)])),
      columns.length,
    ),
  ].join('\n')
}

function provenance(
  runs: readonly ComparedRun[],
  { words: figureWords, format, labels }: Language,
  words: ReportWords,
): string {
  const hash = (text: string | null) => (text === null ? missing : text)
  const versions = (of: Readonly<Record<string, string>>) =>
    Object.entries(of)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')
  return table(
    [
      figureWords.run,
      figureWords.method,
      figureWords.seed,
      words.state,
      words.rounds,
      figureWords.finalAccuracy,
      words.trainer,
      words.versions,
      words.data,
      words.weights,
    ],
    runs.map((run) => {
      const { id, experiment, state, trainer, versions: used, dataSha256, weightsSha256 } = run.manifest
      const result = runResult(run)
      return [
        id,
        labels.method(experiment.method),
        String(experiment.seed),
        state,
        format.count(run.rounds.length),
        result === null ? missing : format.percent(result.finalAccuracy),
        trainer,
        versions(used),
        hash(dataSha256),
        hash(weightsSha256),
      ]
    }),
    10,
  )
}

function section(title: string, content: string): string {
  return `<h2>${escapeXml(title)}</h2>\n${content}`
}

/** Columns from `firstNumber` on are numbers. */
function table(columns: readonly string[], rows: readonly (readonly string[])[], firstNumber: number): string {
  const cell = (tag: 'th' | 'td') => (text: string, at: number) => {
    const content = /^[0-9a-f]{64}$/.test(text) ? `<code>${text}</code>` : escapeXml(text)
    return `<${tag}${at >= firstNumber ? ' class="n"' : ''}>${content}</${tag}>`
  }
  return [
    '<div class="scroll"><table>',
    `<tr>${columns.map(cell('th')).join('')}</tr>`,
    ...rows.map((row) => `<tr>${row.map(cell('td')).join('')}</tr>`),
    '</table></div>',
  ].join('\n')
}
