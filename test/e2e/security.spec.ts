import { expect, test } from './application'

test('the page has no Node and cannot leave', async ({ open }) => {
  const { application, window: page } = await open()
  const address = page.url()
  expect(address).toBe('app://espalier/')
  const reach = await page.evaluate(() => {
    const names = ['require', 'process', 'module', 'Buffer', 'ipcRenderer', 'electron']
    return names.filter((name) => name in globalThis)
  })
  expect(reach).toEqual([])
  expect(await page.evaluate(() => Object.keys(window.espalier ?? {}))).toEqual(['invoke', 'pathOf', 'onEvent'])

  await page.evaluate(() => {
    location.href = 'https://example.invalid/'
  })
  await page.evaluate(() => {
    location.href = 'file:///etc/hostname'
  })
  expect(await page.evaluate(() => window.open('https://example.invalid/') === null)).toBe(true)
  expect(await page.evaluate(() => window.open('app://espalier/index.html') === null)).toBe(true)
  expect(page.url()).toBe(address)
  expect(application.windows()).toHaveLength(1)
})

test('the page comes with its policy, and the policy holds', async ({ open }) => {
  const { window: page } = await open()
  const headers = await page.evaluate(async () => {
    const response = await fetch('/')
    return Object.fromEntries(response.headers)
  })
  expect(headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'")

  const ran = await page.evaluate(async () => {
    const script = document.createElement('script')
    script.textContent = 'globalThis.inlineScriptRan = true'
    document.head.append(script)
    const image = await new Promise<string>((resolve) => {
      const element = new Image()
      element.onload = () => {
        resolve('loaded')
      }
      element.onerror = () => {
        resolve('blocked')
      }
      element.src = 'https://example.invalid/x.png'
    })
    const outside = await fetch('https://example.invalid/').then(
      () => 'fetched',
      () => 'blocked',
    )
    return { inline: 'inlineScriptRan' in globalThis, image, outside }
  })
  expect(ran).toEqual({ inline: false, image: 'blocked', outside: 'blocked' })
})

test('app:// serves nothing outside the page, and permissions are denied', async ({ open }) => {
  const { window: page } = await open()
  const statuses = await page.evaluate(async () => {
    const addresses = [
      '/..%2f..%2fpackage.json',
      '/..%2fmain%2findex.js',
      '/assets/..%2f..%2f..%2fpackage.json',
      '/nothing.js',
    ]
    return Promise.all(addresses.map(async (address) => (await fetch(address)).status))
  })
  expect(statuses).toEqual([404, 404, 404, 404])
  expect(await page.evaluate(() => Notification.requestPermission())).toBe('denied')
  const camera = await page.evaluate(() =>
    navigator.mediaDevices.getUserMedia({ video: true }).then(
      () => 'given',
      (error: unknown) => (error instanceof Error ? error.name : 'unknown'),
    ),
  )
  expect(camera).not.toBe('given')
})

test('wrong commands and wrong input are refused in words', async ({ open }) => {
  const { window: page } = await open()
  const replies = await page.evaluate(async () => {
    const bridge = window.espalier as unknown as { invoke(command: string, input: unknown): Promise<unknown> }
    return [
      await bridge.invoke('host.shutdown', undefined),
      await bridge.invoke('sessions.open', { sessionId: '../../etc' }),
      await bridge.invoke('preview.plan', { experiment: { rounds: 0 } }),
    ]
  })
  expect(replies).toMatchObject([
    { ok: false, error: { kind: 'wrong-input' } },
    { ok: false, error: { kind: 'wrong-input', message: expect.stringContaining('sessionId') as unknown } },
    {
      ok: false,
      error: { message: 'rounds: 0 is not allowed; allowed: a whole number from 1 to 1000000' },
    },
  ])
})
