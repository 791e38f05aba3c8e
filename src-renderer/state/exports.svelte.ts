import type { ExportFormat } from '@contract/commands'
import { figureFileName, figureSvg, figureText, type Figure } from '@contract/figures/figure'
import { sessionReport } from '@contract/figures/session-report'
import { picturePng } from '../charts/picture'
import { figureLanguage } from '../features/compare/language'
import type { Laboratory } from './laboratory.svelte'

export const figureFormats = ['svg', 'pdf', 'png', 'csv'] as const satisfies readonly ExportFormat[]
export type FigureFormat = (typeof figureFormats)[number]
export const tableFormats = ['md', 'csv', 'latex'] as const
export type TableFormat = (typeof tableFormats)[number]

/** What leaves the window as a file: figures, the table of the arms, the report of the session. */
export class Exports {
  /** Whether the dialog is open that asks what to save, and how. */
  shown = $state(false)
  #figures = $state.raw<readonly (() => Figure)[]>([])
  readonly #laboratory: Laboratory

  constructor(laboratory: Laboratory) {
    this.#laboratory = laboratory
  }

  /** The figures on screen, in the order of the page. */
  get figures(): readonly Figure[] {
    return this.#figures.map((figure) => figure())
  }

  /** Offers a figure for saving until the returned function is called. */
  register(figure: () => Figure): () => void {
    // Read outside of the effect that registers: it must not run again for every other figure.
    queueMicrotask(() => {
      this.#figures = [...this.#figures, figure]
    })
    return () => {
      queueMicrotask(() => {
        this.#figures = this.#figures.filter((other) => other !== figure)
      })
    }
  }

  async copyData(figure: Figure): Promise<void> {
    const text = await this.#laboratory.attempt(() => Promise.resolve().then(() => figureText(figure, '\t')))
    if (text !== undefined) await this.#laboratory.copy(text)
  }

  async saveFigure(figure: Figure, format: FigureFormat): Promise<void> {
    await this.#save(figureFileName(figure.title), format, async () => {
      if (format === 'csv') return figureText(figure)
      const svg = figureSvg(figure)
      return format === 'png' ? picturePng(svg) : svg
    })
  }

  async saveTable(format: TableFormat): Promise<void> {
    const { engine, session, words } = this.#laboratory
    const sessionId = session.id
    if (sessionId === null) return
    await this.#save(figureFileName(words.compare.results), format === 'latex' ? 'tex' : format, () =>
      engine.invoke('sessions.table', { sessionId, format }),
    )
  }

  async saveReport(): Promise<void> {
    const { session, words, format, information, preferences } = this.#laboratory
    const { contents } = session
    if (contents === null) return
    await this.#save(figureFileName(contents.manifest.name), 'html', () =>
      Promise.resolve(
        sessionReport(
          {
            session: contents.manifest,
            runs: contents.runs.map((manifest) => ({ manifest, rounds: session.recordsOf(manifest.id).rounds })),
            application: `Espalier ${information?.version ?? ''}`.trim(),
          },
          figureLanguage(words, format),
          { ...words.report, language: preferences.locale },
        ),
      ),
    )
  }

  async #save(name: string, format: ExportFormat, content: () => Promise<string> | string): Promise<void> {
    const { engine, messages, words } = this.#laboratory
    const file = await this.#laboratory.attempt(async () =>
      engine.invoke('exports.save', { name, format, content: await content() }),
    )
    if (typeof file === 'string') messages.note(words.workbench.saved(file))
  }
}
