/**
 * What the engine says arrives in English, in sentences with values in them, and some of it was written down long ago. A
 * catalogue names the sentences with {n} for their values; a sentence that it does not know stays as it is.
 */
export type SentenceCatalogue = readonly (readonly [english: string, translation: string])[]

interface Sentence {
  readonly pattern: RegExp
  readonly translation: string
}

/** A function that puts sentences into another language; values that are sentences themselves are put too. */
export function sentenceTranslator(catalogue: SentenceCatalogue): (text: string) => string {
  const sentences = catalogue.map(([english, translation]): Sentence => ({
    pattern: patternOf(english),
    translation,
  }))
  const translate = (text: string): string => {
    for (const { pattern, translation } of sentences) {
      const values = pattern.exec(text)?.slice(1)
      if (values === undefined) continue
      return translation.replaceAll(/\{(\d)\}/g, (_, index: string) => translate(values[Number(index)] ?? ''))
    }
    const about = aboutFile.exec(text)
    return about === null ? text : `${about[1]}: ${translate(about[2])}`
  }
  return translate
}

/** The name of a file, then what is wrong with it. */
const aboutFile = /^((?:[^:\n]|:(?! ))*[./\\](?:[^:\n]|:(?! ))*): (.+)$/s

function patternOf(english: string): RegExp {
  const parts = english.split(/\{\d\}/).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
  return new RegExp(`^${parts.join('(.+?)')}$`, 's')
}
