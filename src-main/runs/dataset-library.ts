import type { DatasetStatus } from '../contract/commands'
import type { EspalierEvent } from '../contract/events'
import type { DatasetName } from '../contract/experiment'
import type { LabelledImages } from '../engine/trainer/trainer'

/** A data set in memory. */
export interface LoadedDataset {
  readonly train: LabelledImages
  readonly test: LabelledImages
  readonly classNames: readonly string[]
  /** SHA-256 of the training and test bytes. */
  readonly sha256: string
}

export type DatasetProgress = Pick<
  Extract<EspalierEvent, { type: 'dataset.progress' }>,
  'bytesDone' | 'bytesTotal' | 'step'
>

/** What the laboratory needs of the data sets; `datasets/` has it. */
export interface DatasetLibrary {
  list(): Promise<readonly DatasetStatus[]>
  /** Throws EspalierError, saying what to do, when it is not on this computer. */
  load(name: DatasetName): Promise<LoadedDataset>
  fetch(
    name: DatasetName,
    options: { readonly signal: AbortSignal; readonly onProgress: (progress: DatasetProgress) => void },
  ): Promise<unknown>
  importFolder(name: DatasetName, folder: string): Promise<unknown>
}
