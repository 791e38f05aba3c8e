import type { ClientStatistics, PartitionStatistics } from '../../contract/preview'

/**
 * How unlike the whole a client's classes are: entropy of its labels in bits, and total variation ½·Σ|p − q| to the class
 * proportions of all shared images. `counts` are images per client (row) and class (column). A client without images has
 * null for both.
 */
export function clientStatistics(counts: readonly (readonly number[])[]): ClientStatistics[] {
  const classTotals = counts[0].map((_, label) => sum(counts.map((row) => row[label])))
  const all = sum(classTotals)
  return counts.map((row) => {
    const images = sum(row)
    if (images === 0) return { images, entropy: null, totalVariation: null }
    const shares = row.map((count) => count / images)
    return {
      images,
      entropy: sum(shares.map((share) => (share === 0 ? 0 : -share * Math.log2(share)))),
      totalVariation: sum(shares.map((share, label) => Math.abs(share - classTotals[label] / all))) / 2,
    }
  })
}

/**
 * Sizes over clients: extremes, median, and the Gini coefficient Σ|x_i − x_j| / (2·n²·mean), 0 for equal sizes and near 1
 * where one client has nearly all.
 */
export function partitionStatistics(sizes: readonly number[]): PartitionStatistics {
  const rising = sizes.toSorted((a, b) => a - b)
  const count = rising.length
  const total = sum(rising)
  const middle = Math.floor(count / 2)
  const weighted = sum(rising.map((size, index) => (index + 1) * size))
  return {
    smallest: rising[0],
    median: count % 2 === 1 ? rising[middle] : (rising[middle - 1] + rising[middle]) / 2,
    largest: rising[count - 1],
    gini: total === 0 ? 0 : (2 * weighted) / (count * total) - (count + 1) / count,
    clientsWithoutImages: rising.filter((size) => size === 0).length,
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
