import type { DatasetStatus } from '@contract/commands'
import type { EspalierEvent } from '@contract/events'
import type { DatasetName } from '@contract/experiment'

export type DatasetProgress = Extract<EspalierEvent, { type: 'dataset.progress' }>

/** Data sets on this computer, and how far a fetch has come. */
export class Datasets {
  list = $state.raw<readonly DatasetStatus[]>([])
  progress = $state.raw<Partial<Record<DatasetName, DatasetProgress>>>({})

  find(name: string): DatasetStatus | undefined {
    return this.list.find((dataset) => dataset.name === name)
  }

  replace(status: DatasetStatus): void {
    this.list = this.list.map((dataset) => (dataset.name === status.name ? status : dataset))
    if (status.state !== 'fetching') this.progress = { ...this.progress, [status.name]: undefined }
  }

  advance(event: DatasetProgress): void {
    this.progress = { ...this.progress, [event.name]: event }
  }
}
