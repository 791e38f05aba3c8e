import { resolve } from 'node:path'
import type { ComparedRun } from '../contract/comparison'
import { EspalierError } from '../contract/commands'
import { figureArms, type FigureArm } from '../contract/figures/arms'
import { bands, costAxes, metrics } from '../contract/figures/curves'
import { figureSvg, figureText, type Figure } from '../contract/figures/figure'
import { englishFormat } from '../contract/figures/formats'
import { intervalFigure } from '../contract/figures/interval-chart'
import { lineFigure } from '../contract/figures/line-figure'
import { parallelFigure } from '../contract/figures/parallel-chart'
import { scatterFigure } from '../contract/figures/scatter-chart'
import { englishReportWords, sessionReport } from '../contract/figures/session-report'
import {
  commonAccuracy,
  commonBudget,
  curvesModel,
  differencesModel,
  parallelModel,
  paretoCosts,
  paretoModel,
  toReachModel,
  withinModel,
  type Language,
} from '../contract/figures/views'
import { englishFigureWords, englishLabels } from '../contract/figures/words'
import { replaceFile } from '../files/replace-file'
import { comparisonTable } from '../report/comparison-table'
import { svgPdf, svgPng } from '../report/picture'
import { applicationVersion } from '../runs/versions'
import { wrongInput, type FlagValues } from './experiment-flags'
import { exitCodes } from './exit-codes'
import type { openLaboratory } from './training'

type Laboratory = Awaited<ReturnType<typeof openLaboratory>>

export const figureKinds = ['curves', 'within', 'to-reach', 'differences', 'pareto', 'parallel'] as const
export const figureFileFormats = ['svg', 'pdf', 'png', 'csv'] as const
export const reportFormats = ['html', 'md', 'csv', 'latex'] as const

const language: Language = { words: englishFigureWords, format: englishFormat, labels: englishLabels }
const missing = '–'

/** Draws a figure of a session into a file, or as text to stdout. */
export async function writeFigure(laboratory: Laboratory, sessionId: string, flags: FlagValues): Promise<number> {
  const runs = await laboratory.comparedRuns(sessionId)
  const arms = figureArms(runs, englishLabels)
  if (arms.length === 0)
    throw new EspalierError('refused', 'No round of this session has been evaluated yet: there is nothing to draw.')
  const figure = figureOf(runs, arms, flags)
  const format = choice(flags, 'format', figureFileFormats)
  return output(flags, format === 'csv' ? figureText(figure) : await drawn(figure, format), format)
}

/** Writes the report of a session, or its table of arms, into a file or to stdout. */
export async function writeReport(laboratory: Laboratory, sessionId: string, flags: FlagValues): Promise<number> {
  const runs = await laboratory.comparedRuns(sessionId)
  const format = choice(flags, 'format', reportFormats)
  if (format !== 'html') return output(flags, comparisonTable(runs, format), format)
  const { manifest } = await laboratory.ask('sessions.open', { sessionId })
  const application = `Espalier ${applicationVersion}`
  return output(flags, sessionReport({ session: manifest, runs, application }, language, englishReportWords), format)
}

async function drawn(figure: Figure, format: 'svg' | 'pdf' | 'png'): Promise<string | Uint8Array> {
  const svg = figureSvg(figure)
  if (format === 'svg') return svg
  return format === 'pdf' ? svgPdf(svg, figure.title) : svgPng(svg)
}

function figureOf(runs: readonly ComparedRun[], arms: readonly FigureArm[], flags: FlagValues): Figure {
  const { words } = language
  switch (choice(flags, 'kind', figureKinds)) {
    case 'curves': {
      const axis = choice(flags, 'x', costAxes)
      return lineFigure(
        curvesModel(arms, { axis, metric: choice(flags, 'y', metrics), band: choice(flags, 'band', bands) }, language),
        words,
        missing,
      )
    }
    case 'within': {
      const axis = costAxis(flags)
      const budget = number(flags, 'budget', Number.MAX_VALUE) ?? commonBudget(arms, axis)
      return intervalFigure(withinModel(arms, axis, budget, language), words, missing)
    }
    case 'to-reach': {
      const accuracy = number(flags, 'accuracy', 1) ?? commonAccuracy(arms)
      return intervalFigure(toReachModel(arms, costAxis(flags), accuracy, language), words, missing)
    }
    case 'differences': {
      const wanted = flags['baseline']
      const baseline =
        arms.find(({ method }) => method === (wanted ?? 'static')) ?? (wanted === undefined ? arms[0] : null)
      if (baseline === null)
        throw wrongInput('--baseline', wanted, `one of ${[...new Set(arms.map(({ method }) => method))].join(', ')}`)
      return intervalFigure(differencesModel(arms, baseline, language), words, missing)
    }
    case 'pareto':
      return scatterFigure(paretoModel(arms, choice(flags, 'cost', paretoCosts), language), words, missing)
    case 'parallel':
      return parallelFigure(parallelModel(runs, arms, language), {}, words, missing)
  }
}

function costAxis(flags: FlagValues) {
  return choice(flags, 'cost', costAxes)
}

function choice<Name extends string>(flags: FlagValues, flag: string, names: readonly Name[]): Name {
  const name = names.find((one) => one === flags[flag])
  if (name === undefined) throw wrongInput(`--${flag}`, flags[flag], `one of ${names.join(', ')}`)
  return name
}

function number(flags: FlagValues, flag: string, most: number): number | null {
  const text = flags[flag]
  if (typeof text !== 'string') return null
  const value = Number(text)
  if (text.trim() === '' || !(value >= 0 && value <= most))
    throw wrongInput(`--${flag}`, text, most === 1 ? 'a number from 0 to 1' : 'a number, at least 0')
  return value
}

async function output(flags: FlagValues, content: string | Uint8Array, format: string): Promise<number> {
  const file = flags['output']
  if (typeof file === 'string') {
    await replaceFile(resolve(file), content)
    console.error(`Written: ${resolve(file)}`)
  } else if (typeof content === 'string') {
    process.stdout.write(content)
  } else {
    throw wrongInput('--output', file, `a file: ${format} is not text`)
  }
  return exitCodes.done
}
