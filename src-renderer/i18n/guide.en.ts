/** Words of the tour and of the settings about the window. */
export const guideEn = {
  tour: 'Tour',
  takeTour: 'Take the tour',
  notNow: 'Not now',
  welcome: 'New here?',
  welcomeText:
    'The tour opens an example session, four ways to train a sparse network on MNIST, and shows in two minutes how a question becomes a table and a figure.',
  openExample: 'Open the example session',
  step: (step: string, steps: string) => `${step} of ${steps}`,
  back: 'Back',
  next: 'Next',
  end: 'End the tour',
  done: 'Done',
  steps: {
    question: {
      title: 'Start from a question',
      text: 'Does a moving topology beat a fixed one? Which ΔT, which R? A template fills the form; every field can be changed, varied and undone.',
    },
    preview: {
      title: 'See it before you pay for it',
      text: 'Who gets which images, how dense every layer will be, how R decays and what share of weights will be tried, and what all of it costs in time, upload, FLOPs, disk and memory.',
    },
    launch: {
      title: 'Run it',
      text: 'The four arms run on the same seeds, images and initial weights, so that their differences are paired.',
    },
    runs: {
      title: 'Watch, pause, resume',
      text: 'Curves grow live. The queue can be put in order, held and continued; a run goes on from its last round after a pause, a crash or a restart, to the same bits.',
    },
    compare: {
      title: 'Read the answer',
      text: 'Mean and deviation over seeds, paired differences with their interval, and curves against rounds, megabytes or FLOPs; to be exported for a paper.',
    },
    masks: {
      title: 'Look inside',
      text: 'Every mask of every update: what was kept, pruned, grown and regrown, layer by layer. Press play, or put a second run beside it.',
    },
    invariants: {
      title: 'Trust it',
      text: 'Density exact to one weight, grown weights zero, biases untouched: checked at every update. A broken one would be red here.',
    },
    sessions: {
      title: 'Keep it, send it',
      text: 'A session is a folder. It can be tagged, searched, verified, and sent as one file; the command line runs the same.',
    },
    keys: {
      title: 'Everything by keyboard',
      text: 'Press ? for the shortcuts and Ctrl+K (⌘K) for everything that can be done. The tour is there, too.',
    },
  },
  textSize: 'Text size',
  notifications: 'Tell me when all runs have ended',
  notificationsHelp: 'By a notification of the system, while the window is not in front.',
  choose: 'Choose…',
  useDefault: 'Use the default',
  chooseFolder: (folder: string) => `Choose… another folder: ${folder}`,
  defaultFolder: (folder: string) => `Use the default: ${folder}`,
  folders: 'Folders',
  foldersHelp: 'Sessions and data that are in the present folder stay there. The command line uses the same folders.',
  foldersBusy: 'Folders can be changed when no run is going on.',
}
