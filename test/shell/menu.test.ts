import { describe, expect, it } from 'vitest'
import { menuTemplate } from '../../src-main/shell/menu'
import { wordsFor } from '../../src-main/shell/words'

describe('menu', () => {
  it('has words in both languages, none left over', () => {
    const [english, chinese] = [wordsFor('en'), wordsFor('zh-Hans-CN')]
    expect(wordsFor('zh-CN')).toBe(chinese)
    expect(wordsFor('fr')).toBe(english)
    for (const [key, word] of Object.entries(chinese)) {
      expect(word, key).not.toBe('')
      expect(word, key).not.toBe(english[key as keyof typeof english])
    }
  })

  it.each(['linux', 'win32', 'darwin'] as const)('lets the user quit, copy, zoom and close on %s', (platform) => {
    const roles = menuTemplate(wordsFor('en'), platform, () => {}).flatMap((menu) =>
      Array.isArray(menu.submenu) ? menu.submenu.map((item) => item.role ?? item.id) : [],
    )
    expect(roles).toEqual(expect.arrayContaining(['quit', 'copy', 'paste', 'zoomIn', 'close', 'about']))
  })
})
