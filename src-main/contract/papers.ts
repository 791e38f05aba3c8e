/**
 * Where the papers that fields name as their source can be read. The window may open these addresses in the system's
 * browser and no others.
 */
export const papers = {
  'McMahan et al. 2017': 'https://arxiv.org/abs/1602.05629',
  'Li et al. 2020': 'https://arxiv.org/abs/1812.06127',
  'Bibikar et al. 2022': 'https://arxiv.org/abs/2112.09824',
  'Mocanu et al. 2018': 'https://arxiv.org/abs/1707.04780',
  'Evci et al. 2020': 'https://arxiv.org/abs/1911.11134',
  'Dettmers & Zettlemoyer 2019': 'https://arxiv.org/abs/1907.04840',
  'Liu et al. 2021': 'https://arxiv.org/abs/2102.02887',
  'Hsu et al. 2019': 'https://arxiv.org/abs/1909.06335',
  'Zhu & Gupta 2017': 'https://arxiv.org/abs/1710.01878',
  'Lee et al. 2019': 'https://arxiv.org/abs/1810.02340',
  'Sanh et al. 2020': 'https://arxiv.org/abs/2005.07683',
  'Nowak et al. 2023': 'https://arxiv.org/abs/2306.12230',
  'Mostafa & Wang 2019': 'https://arxiv.org/abs/1902.05967',
  'Yuan et al. 2021': 'https://arxiv.org/abs/2110.14032',
  'Liu et al. 2021, GraNet': 'https://arxiv.org/abs/2106.10404',
  'Jayakumar et al. 2020': 'https://arxiv.org/abs/2106.03517',
  'Lasby et al. 2024': 'https://arxiv.org/abs/2305.02299',
  'Babakniya et al. 2023': 'https://arxiv.org/abs/2208.13092',
  'Huang et al. 2024': 'https://arxiv.org/abs/2403.14737',
  'Huang et al. 2025': 'https://arxiv.org/abs/2501.19122',
  'FedSGC 2024': 'https://arxiv.org/abs/2405.01189',
  'Schwarz et al. 2021': 'https://arxiv.org/abs/2110.00296',
  'Han et al. 2015': 'https://arxiv.org/abs/1506.02626',
  'Frankle & Carbin 2019': 'https://arxiv.org/abs/1803.03635',
  'Frankle et al. 2020': 'https://arxiv.org/abs/1912.05671',
  'Frankle et al. 2021': 'https://arxiv.org/abs/2009.08576',
  'Wang et al. 2020': 'https://arxiv.org/abs/2002.07376',
  'Tanaka et al. 2020': 'https://arxiv.org/abs/2006.05467',
  'de Jorge et al. 2021': 'https://arxiv.org/abs/2006.09081',
  'Guastella et al. 2025': 'https://arxiv.org/abs/2504.05153',
} as const satisfies Record<string, `https://${string}`>
export type PaperName = keyof typeof papers
export const paperNames = Object.keys(papers) as [PaperName, ...PaperName[]]

export interface Citation {
  readonly text: string
  /** Null where no address is known. */
  readonly paper: PaperName | null
}

/** The papers of a field's `source`, in which they are separated by semicolons. */
export function citationsOf(source: string): Citation[] {
  return source.split(';').map((part) => {
    const text = part.trim()
    return { text, paper: paperNames.find((name) => name === text) ?? null }
  })
}
