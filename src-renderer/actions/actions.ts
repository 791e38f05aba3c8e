import { pageNames, type Laboratory } from '../state/laboratory.svelte'
import type { Messages } from '../i18n/en'

/** Something that can be done from the keyboard. The shortcuts, the help sheet and button hints are read from this one list. */
export interface Action {
  readonly id: string
  /** "Mod" is Ctrl, and ⌘ on macOS. */
  readonly keys: string
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
    id: 'help',
    keys: '?',
    label: (words) => words.actions.help,
    isEnabled: always,
    run: (laboratory) => {
      laboratory.helpShown = !laboratory.helpShown
    },
  },
]
