import {
  createWriteStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { describe, expect, it } from 'vitest'
import yazl from 'yazl'
import { readArchive, sessionFiles, writeArchive } from '../../src-main/sessions/archive'
import { SessionStore } from '../../src-main/sessions/session-store'
import { sampleSession } from './sample-session'
import { temporaryFolder } from './temporary-folder'

interface Part {
  readonly name: string
  readonly content: string | Buffer
  readonly mode?: number
}

const session: Part = { name: 'session.json', content: '{}' }

/** A zip of these parts with a correct list of checksums; `rename` changes a name into one of the same length afterwards. */
async function zipOf(parts: readonly Part[], rename: readonly [from: string, to: string][] = []): Promise<string> {
  const zip = new yazl.ZipFile()
  const renamed = (name: string) => rename.find(([from]) => from === name)?.[1] ?? name
  for (const { name, content, mode = 0o100644 } of parts) zip.addBuffer(Buffer.from(content), name, { mode })
  const files = parts.map(({ name, content }) => ({
    path: renamed(name),
    bytes: Buffer.from(content).length,
    sha256: createHash('sha256').update(content).digest('hex'),
  }))
  zip.addBuffer(Buffer.from(JSON.stringify({ format: 'espalier-archive-1', files })), 'checksums.json', {
    compress: false,
  })
  zip.end()
  const file = join(temporaryFolder(), 'made.espalier')
  await pipeline(zip.outputStream, createWriteStream(file))
  for (const [from, to] of rename) {
    expect(to.length).toBe(from.length)
    writeFileSync(file, readFileSync(file).toString('latin1').replaceAll(from, to), 'latin1')
  }
  return file
}

/** What `readArchive` says to a file; nothing may be left of it. */
async function refusal(file: string, limits?: Parameters<typeof readArchive>[3]): Promise<string> {
  const parent = temporaryFolder()
  const problem = await readArchive(file, join(parent, 'unpacked'), {}, limits).then(
    () => 'was unpacked',
    (error: unknown) => (error as Error).message,
  )
  expect(readdirSync(parent)).toEqual([])
  return problem
}

describe('archives', () => {
  it('give back the very files of a session, and tell how far they are', async () => {
    const store = new SessionStore(join(temporaryFolder(), 'sessions'))
    const { folder } = await sampleSession(store, 'β = 0.1')
    writeFileSync(join(folder, 'runs', 'half.json.1234.tmp'), 'a write that was cut off')
    mkdirSync(join(folder, '.lock'))
    symlinkSync('/etc/passwd', join(folder, 'runs', 'passwd'))
    const file = join(temporaryFolder(), 'sample.espalier')
    const told: number[] = []
    await writeArchive(folder, file, { onProgress: (done, total) => told.push(done / total) })
    expect(told.at(-1)).toBe(1)

    const unpacked = join(temporaryFolder(), 'unpacked')
    await readArchive(file, unpacked)
    const names = await sessionFiles(folder)
    expect(names).toHaveLength(9)
    expect(await sessionFiles(unpacked)).toEqual(names)
    for (const name of names) expect(readFileSync(join(unpacked, name))).toEqual(readFileSync(join(folder, name)))
    expect(existsSync(join(unpacked, 'runs', 'passwd'))).toBe(false)
  })

  it('leave nothing behind when they are cancelled', async () => {
    const store = new SessionStore(join(temporaryFolder(), 'sessions'))
    const { folder } = await sampleSession(store, 'one')
    const place = temporaryFolder()
    const stop = new AbortController()
    const cancelled = {
      signal: stop.signal,
      onProgress: () => {
        stop.abort(new Error('enough'))
      },
    }
    await expect(writeArchive(folder, join(place, 'a.espalier'), cancelled)).rejects.toThrow('enough')
    expect(readdirSync(place)).toEqual([])

    await writeArchive(folder, join(place, 'a.espalier'))
    const again = new AbortController()
    const unpacking = {
      signal: again.signal,
      onProgress: () => {
        again.abort(new Error('enough'))
      },
    }
    await expect(readArchive(join(place, 'a.espalier'), join(place, 'unpacked'), unpacking)).rejects.toThrow('enough')
    expect(readdirSync(place)).toEqual(['a.espalier'])
  })

  it('are refused when a name leads elsewhere', async () => {
    const evil: [string, RegExp][] = [
      ['../../passwd', /leads out|invalid relative path/],
      ['/etc/passwd_', /absolute path|not a relative path/],
      ['C:/windows_a', /absolute path|not a relative path/],
      ['runs\\..\\pass', /invalid characters|not a relative path/],
      ['runs/CON.json', /name that no session uses/],
      ['runs/.hidden1', /name that no session uses/],
      ['runs/trailin.', /name that no session uses/],
      ['a/b/c/d/e/f/g', /deeper than 6/],
    ]
    for (const [name, words] of evil) {
      const harmless = 'x'.repeat(name.length)
      const file = await zipOf([session, { name: harmless, content: 'root' }], [[harmless, name]])
      expect(await refusal(file), name).toMatch(words)
    }
  })

  it('are refused with links, twins and bombs', async () => {
    const link = await zipOf([session, { name: 'runs/link', content: '/etc/passwd', mode: 0o120777 }])
    expect(await refusal(link)).toContain('"runs/link" is a link or a device')
    const twins = await zipOf(
      [session, { name: 'runs/A', content: '1' }, { name: 'runs/b', content: '2' }],
      [['runs/b', 'runs/a']],
    )
    expect(await refusal(twins)).toContain('"runs/a" is there twice')

    const limits = { files: 10, fileBytes: 50_000_000, totalBytes: 1e9, ratio: 200, freeBytes: 1_000_000 }
    const bomb = await zipOf([session, { name: 'runs/bomb', content: Buffer.alloc(20_000_000) }])
    expect(await refusal(bomb, limits)).toContain('far more than a session of its size')
    expect(await refusal(bomb, { ...limits, fileBytes: 10_000_000 })).toContain('"runs/bomb" unpacks to 20000000 bytes')
    expect(await refusal(bomb, { ...limits, files: 2 })).toContain('lists 3 files')
    const lying = readFileSync(bomb)
    // The list says 100 bytes where 20 000 000 come out.
    const declared = Buffer.alloc(4)
    declared.writeUInt32LE(20_000_000)
    for (let at = lying.indexOf(declared); at !== -1; at = lying.indexOf(declared)) lying.writeUInt32LE(100, at)
    writeFileSync(bomb, lying)
    expect(await refusal(bomb)).toMatch(/too many bytes|cannot be unpacked/)
  })

  it('are refused when they are damaged, not whole, or something else', async () => {
    const changed = await zipOf([session, { name: 'runs/x', content: 'as it was' }])
    writeFileSync(
      changed,
      readFileSync(changed, 'latin1').replace(
        /"sha256":"(.)/,
        (_, digit: string) => `"sha256":"${digit === '0' ? '1' : '0'}`,
      ),
      'latin1',
    )
    expect(await refusal(changed)).toContain('"session.json" does not match its checksum')

    const extra = await zipOf([session, { name: 'runs/x', content: '1' }])
    writeFileSync(extra, readFileSync(extra, 'latin1').replace('"path":"runs/x"', '"path":"runs/y"'), 'latin1')
    expect(await refusal(extra)).toContain('"runs/y" is missing')

    const cut = join(temporaryFolder(), 'cut.espalier')
    writeFileSync(cut, readFileSync(changed).subarray(0, 200))
    expect(await refusal(cut)).toContain('is not a zip archive that can be read')
    const text = join(temporaryFolder(), 'thesis.espalier')
    writeFileSync(text, 'no archive')
    expect(await refusal(text)).toContain('is not a zip archive that can be read')
    expect(await refusal(await zipOf([{ name: 'runs/x', content: '1' }]))).toContain('has no session.json')
  })
})
