import { templateNames, templates } from '@contract/templates'
import { tableFormats } from '../state/exports.svelte'
import { compareViews, pageNames, type Laboratory } from '../state/laboratory.svelte'
import type { Messages } from '../i18n/en'

/** Something that can be done from the keyboard. The shortcuts, the palette and the help sheet are read from this one list. */
export interface Action {
  readonly id: string
  /** "Mod" is Ctrl, and ⌘ on macOS; null for what only the palette offers. */
  readonly keys: string | null
  readonly label: (words: Messages) => string
  readonly isEnabled: (laboratory: Laboratory) => boolean
  readonly run: (laboratory: Laboratory) => void
}

const always = () => true

export const actions: readonly Action[] = [
  ...pageNames.map((page, index): Action => ({
    id: `go-${page}`,
    keys: `Mod+${index + 1}`,
    label: (words) => words.actions.goTo(words.pages[page]),
    isEnabled: always,
    run: (laboratory) => {
      laboratory.page = page
    },
  })),
  ...compareViews.map((view): Action => ({
    id: `compare-${view}`,
    keys: null,
    label: (words) => words.actions.goTo(`${words.pages.compare}: ${words.compare.views[view]}`),
    isEnabled: always,
    run: (laboratory) => {
      laboratory.page = 'compare'
      laboratory.compareView = view
    },
  })),
  {
    id: 'run',
    keys: 'Mod+Enter',
    label: (words) => words.actions.run,
    isEnabled: (laboratory) => laboratory.page === 'setup' && laboratory.canLaunch('single'),
    run: (laboratory) => void laboratory.launch('single'),
  },
  {
    id: 'ablation',
    keys: 'Mod+Shift+Enter',
    label: (words) => words.actions.ablation,
    isEnabled: (laboratory) => laboratory.page === 'setup' && laboratory.canLaunch('ablation'),
    run: (laboratory) => void laboratory.launch('ablation'),
  },
  {
    id: 'sweep',
    keys: 'Mod+Alt+Enter',
    label: (words) => words.workbench.runSweep,
    isEnabled: (laboratory) => laboratory.page === 'setup' && laboratory.canLaunch('sweep'),
    run: (laboratory) => void laboratory.launch('sweep'),
  },
  {
    id: 'open-folder',
    keys: 'Mod+Shift+o',
    label: (words) => words.sessions.openFolder,
    isEnabled: always,
    run: (laboratory) => void laboratory.locateSession(),
  },
  {
    id: 'import-session',
    keys: null,
    label: (words) => words.sessions.import,
    isEnabled: (laboratory) => laboratory.transfer.kind === null,
    run: (laboratory) => void laboratory.transfer.importArchive(),
  },
  {
    id: 'export-session',
    keys: null,
    label: (words) => words.sessions.exportOpen,
    isEnabled: (laboratory) => laboratory.transfer.kind === null && laboratory.session.id !== null,
    run: (laboratory) => {
      if (laboratory.session.id !== null) void laboratory.transfer.exportSession(laboratory.session.id)
    },
  },
  {
    id: 'export',
    keys: 'Mod+e',
    label: (words) => words.exports.open,
    isEnabled: always,
    run: (laboratory) => {
      laboratory.exports.shown = !laboratory.exports.shown
    },
  },
  {
    id: 'save-report',
    keys: null,
    label: (words) => words.exports.saveReport,
    isEnabled: (laboratory) => laboratory.session.id !== null,
    run: (laboratory) => void laboratory.exports.saveReport(),
  },
  ...tableFormats.map((format): Action => ({
    id: `save-table-${format}`,
    keys: null,
    label: (words) => `${words.exports.armsTable}: ${words.exports.saveAs(words.exports.formats[format])}`,
    isEnabled: (laboratory) => laboratory.session.id !== null,
    run: (laboratory) => void laboratory.exports.saveTable(format),
  })),
  {
    id: 'undo-edit',
    keys: 'Mod+z',
    label: (words) => words.workbench.undoEdit,
    isEnabled: (laboratory) => laboratory.page === 'setup' && !laboratory.pasteShown && laboratory.draft.canUndo,
    run: (laboratory) => {
      laboratory.draft.undo()
    },
  },
  {
    id: 'redo-edit',
    keys: 'Mod+Shift+z',
    label: (words) => words.workbench.redoEdit,
    isEnabled: (laboratory) => laboratory.page === 'setup' && !laboratory.pasteShown && laboratory.draft.canRedo,
    run: (laboratory) => {
      laboratory.draft.redo()
    },
  },
  {
    id: 'copy-command',
    keys: 'Mod+Shift+c',
    label: (words) => words.workbench.copyCommand,
    isEnabled: (laboratory) => laboratory.page === 'setup' && laboratory.draft.commandLine !== null,
    run: (laboratory) => void laboratory.copyCommandLine(),
  },
  {
    id: 'paste-command',
    keys: null,
    label: (words) => words.workbench.pasteCommand,
    isEnabled: always,
    run: (laboratory) => {
      laboratory.page = 'setup'
      laboratory.pasteShown = true
    },
  },
  {
    id: 'save-experiment',
    keys: 'Mod+s',
    label: (words) => words.workbench.saveEdit,
    isEnabled: (laboratory) => laboratory.draft.experiment !== null,
    run: (laboratory) => void laboratory.saveExperiment(),
  },
  {
    id: 'load-experiment',
    keys: 'Mod+o',
    label: (words) => words.workbench.loadEdit,
    isEnabled: always,
    run: (laboratory) => {
      laboratory.page = 'setup'
      void laboratory.loadExperiment()
    },
  },
  ...templateNames.map((name): Action => ({
    id: `template-${name}`,
    keys: null,
    label: (words) => words.workbench.useTemplate(words.workbench.templateNames[name]),
    isEnabled: always,
    run: (laboratory) => {
      laboratory.page = 'setup'
      laboratory.draft.apply(templates[name])
    },
  })),
  {
    id: 'hold-queue',
    keys: 'Mod+Shift+h',
    label: (words) => words.running.hold,
    isEnabled: (laboratory) => !laboratory.queue.isHeld,
    run: (laboratory) => void laboratory.holdQueue(true),
  },
  {
    id: 'continue-queue',
    keys: 'Mod+Shift+h',
    label: (words) => words.running.go,
    isEnabled: (laboratory) => laboratory.queue.isHeld,
    run: (laboratory) => void laboratory.holdQueue(false),
  },
  {
    id: 'pause-all',
    keys: null,
    label: (words) => words.running.pauseAll,
    isEnabled: (laboratory) => laboratory.queue.active !== null,
    run: (laboratory) => void laboratory.pauseAll(),
  },
  {
    id: 'undo',
    keys: 'u',
    label: (words) => words.actions.undo,
    isEnabled: (laboratory) => laboratory.canUndo,
    run: (laboratory) => void laboratory.undoDelete(),
  },
  {
    id: 'theme',
    keys: 't',
    label: (words) => words.actions.theme,
    isEnabled: always,
    run: (laboratory) =>
      void laboratory.changePreferences({ theme: laboratory.preferences.theme === 'dark' ? 'light' : 'dark' }),
  },
  {
    id: 'language',
    keys: null,
    label: (words) => words.workbench.otherLanguage,
    isEnabled: always,
    run: (laboratory) =>
      void laboratory.changePreferences({ locale: laboratory.preferences.locale === 'en' ? 'zh-CN' : 'en' }),
  },
  {
    id: 'tour',
    keys: null,
    label: (words) => words.guide.takeTour,
    isEnabled: (laboratory) => laboratory.tourStep === null,
    run: (laboratory) => void laboratory.startTour(),
  },
  {
    id: 'open-example',
    keys: null,
    label: (words) => words.guide.openExample,
    isEnabled: always,
    run: (laboratory) => void laboratory.openExample(),
  },
  {
    id: 'palette',
    keys: 'Mod+k',
    label: (words) => words.workbench.palette,
    isEnabled: always,
    run: (laboratory) => {
      laboratory.paletteShown = !laboratory.paletteShown
    },
  },
  {
    id: 'help',
    keys: '?',
    label: (words) => words.actions.help,
    isEnabled: always,
    run: (laboratory) => {
      laboratory.helpShown = !laboratory.helpShown
    },
  },
]
