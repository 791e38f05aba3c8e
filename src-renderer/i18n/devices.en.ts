import type { MissingReason, Promised } from '@contract/devices'

/** Words of the page of devices, and of what is said about devices elsewhere. */
export const devicesEn = {
  intro:
    'What can train on this computer, and how fast. “Automatic” takes the fastest one at the sparsity of the experiment, as measured here; until something has been measured, the processor.',
  looking: 'Looking for devices…',
  lookAgain: 'Look again',
  measureAll: 'Measure all',
  measureAllHelp: 'Some seconds each; without what takes minutes',
  measure: 'Measure',
  measureAgain: 'Measure again',
  measuring: 'measuring…',
  busy: 'A run is going on; a measurement beside it would be wrong.',
  present: 'Here',
  emulated: 'Imitates a card in software: for tests',
  reasons: {
    'not-set-up': 'Not set up',
    'no-card': 'No card',
    unsupported: 'Not possible here',
    failed: 'Does not work',
  } satisfies Record<MissingReason, string> as Record<MissingReason, string>,
  hardware: 'Hardware',
  versions: 'Versions',
  memory: 'Free memory',
  memoryUnknown: 'the card does not tell',
  promise: 'Promises',
  promises: {
    bits: 'the same bits on every machine',
    tolerance: 'agrees with the processor within a tolerance',
  } satisfies Record<Promised, string> as Record<Promised, string>,
  speed: 'Speed',
  speedHelp: 'images/s: FedDST’s CIFAR-10 network in batches of 32, forward and backward.',
  imagesPerSecond: (rate: string) => `${rate} images/s`,
  atSparsity: (sparsity: string) => `at S = ${sparsity}`,
  atEverySparsity: 'at every S: it computes densely',
  notMeasured: 'not measured',
  automatic: (dense: string, sparse: string) =>
    dense === sparse
      ? `Automatic now takes: ${dense}.`
      : `Automatic now takes: ${dense} for dense networks, ${sparse} at S = 0.9.`,
  why: 'Why',
  remedy: 'What helps',
  toDevices: 'Devices of this computer',
  estimatedOn: (device: string) => `on ${device}`,
}
