import { join, resolve } from 'node:path'
import type { EspalierBridge } from '../../src-main/contract/bridge'
import { expect, test } from './application'

const preload = join(resolve(import.meta.dirname, '../..'), 'out/preload/index.cjs')

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

  const settings = await application.evaluate(({ BrowserWindow }) =>
    BrowserWindow.getAllWindows().map(({ webContents }) =>
      // It is there, though not in the types.
      (webContents as unknown as { getLastWebPreferences(): object }).getLastWebPreferences(),
    ),
  )
  expect(settings).toMatchObject([
    { sandbox: true, contextIsolation: true, nodeIntegration: false, webSecurity: true, webviewTag: false },
  ])
  // What the page does to its own world does not reach the preload script's, nor the bridge itself.
  const tampered = await page.evaluate(async () => {
    const stolen: unknown[] = []
    const bridge = window.espalier as unknown as { invoke: unknown }
    const { invoke } = bridge
    JSON.stringify = (value: unknown) => {
      stolen.push(value)
      return ''
    }
    try {
      bridge.invoke = () => Promise.resolve('mine')
    } catch {
      // In strict mode the attempt itself throws.
    }
    try {
      Object.defineProperty(window, 'espalier', { value: 'mine' })
    } catch {
      // It cannot be replaced.
    }
    const isKept = (window.espalier as unknown) === bridge && bridge.invoke === invoke
    return {
      isKept,
      answer: await (invoke as EspalierBridge['invoke'])('preferences.get', undefined),
      stolen: stolen.length,
    }
  })
  expect(tampered).toMatchObject({ isKept: true, answer: { ok: true }, stolen: 0 })

  await page.evaluate(() => {
    location.href = 'https://example.invalid/'
  })
  for (const target of ['file:///etc/hostname', 'javascript:document.title="left"', 'data:text/html,left'])
    await page.evaluate((to) => {
      location.href = to
    }, target)
  // By a link, a form and a redirect of the page's own.
  await page.evaluate(() => {
    const link = document.createElement('a')
    link.href = 'https://example.invalid/'
    const form = document.createElement('form')
    form.action = 'https://example.invalid/'
    document.body.append(link, form)
    link.click()
    form.submit()
    link.target = '_blank'
    link.click()
    const meta = document.createElement('meta')
    meta.httpEquiv = 'refresh'
    meta.content = '0;url=https://example.invalid/'
    document.head.append(meta)
  })
  const box = await page.evaluate(() => {
    const link = document.createElement('a')
    Object.assign(link, { href: 'https://example.invalid/', textContent: 'middle' })
    link.style.cssText = 'position: fixed; inset: 0 auto auto 0; z-index: 1000'
    document.body.append(link)
    link.addEventListener('auxclick', ({ button, isTrusted, defaultPrevented }) => {
      Object.assign(globalThis, { arrived: { button, isTrusted, defaultPrevented } })
    })
    return link.getBoundingClientRect().toJSON() as { x: number; y: number; width: number; height: number }
  })
  // A click by its locator would wait for the navigations that never come.
  await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2, { button: 'middle' })
  await expect
    .poll(() => page.evaluate(() => (globalThis as unknown as { arrived?: object }).arrived))
    .toEqual({ button: 1, isTrusted: true, defaultPrevented: false })
  // A window would come a moment later.
  await page.waitForTimeout(500)
  expect(application.windows()).toHaveLength(1)
  expect(await page.title()).not.toBe('left')
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
    const button = document.createElement('button')
    button.setAttribute('onclick', 'globalThis.handlerRan = true')
    document.body.append(button)
    button.click()
    let evaluated = 'evaluated'
    try {
      // eslint-disable-next-line @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call
      new Function('globalThis.evaluatedRan = true')()
    } catch (error) {
      evaluated = error instanceof EvalError ? 'blocked' : 'failed'
    }
    const framed = await new Promise<string>((resolve) => {
      document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => {
        if (effectiveDirective === 'frame-src') resolve('blocked')
      })
      const frame = document.createElement('iframe')
      frame.src = 'app://espalier/'
      document.body.append(frame)
    })
    const worker = await new Promise<string>((resolve) => {
      try {
        const code = URL.createObjectURL(new Blob(['postMessage(1)'], { type: 'text/javascript' }))
        const started = new Worker(code)
        started.onmessage = () => {
          resolve('started')
        }
        started.onerror = () => {
          resolve('blocked')
        }
      } catch {
        resolve('blocked')
      }
    })
    const webview = document.createElement('webview')
    webview.setAttribute('src', 'https://example.invalid/')
    document.body.append(webview)
    return {
      inline: 'inlineScriptRan' in globalThis || 'handlerRan' in globalThis,
      evaluated,
      image,
      outside,
      framed,
      worker,
      webview: 'getWebContentsId' in webview,
    }
  })
  expect(ran).toEqual({
    inline: false,
    evaluated: 'blocked',
    image: 'blocked',
    outside: 'blocked',
    framed: 'blocked',
    worker: 'blocked',
    webview: false,
  })
})

test('no other window and no frame may ask, even with our preload script', async ({ open }) => {
  const { application } = await open()
  const replies = await application.evaluate(async ({ BrowserWindow }, script) => {
    const ask = async (address: string): Promise<unknown> => {
      const other = new BrowserWindow({ show: false, webPreferences: { preload: script, sandbox: true } })
      try {
        await other.loadURL(address)
        return await other.webContents.executeJavaScript("espalier.invoke('preferences.get', undefined)")
      } finally {
        other.destroy()
      }
    }
    return [await ask('app://espalier/'), await ask('data:text/html,<p>elsewhere')]
  }, preload)
  const refused = { ok: false, error: { kind: 'refused', message: 'only the window of the application may ask' } }
  expect(replies).toEqual([refused, refused])
})

test('names and notes are shown as text, and only known https addresses are opened', async ({ open }) => {
  const { application, window: page, complaints } = await open()
  const hostile =
    '<img src=x onerror="globalThis.pwned = true"><script>globalThis.pwned = true</script>{{7*7}} javascript:alert(1)'
  const opened = await page.evaluate(async (text) => {
    const bridge = window.espalier as unknown as EspalierBridge
    const experiment = { rounds: 1, totalClients: 2, clientsPerRound: 2, samplesPerClient: 8, model: 'lenet-300-100' }
    const launched = await bridge.invoke('runs.launch', {
      sessionId: null,
      sessionName: text,
      experiments: [experiment],
    })
    if (!launched.ok) return launched
    const { manifest, runs } = launched.value as { manifest: { id: string }; runs: { id: string }[] }
    const sessionId = manifest.id
    const annotation = { tags: ['<b>tag'], notes: text }
    return [
      launched,
      await bridge.invoke('sessions.update', { sessionId, notes: text, tags: ['<i>tag</i>'] }),
      await bridge.invoke('runs.annotate', { sessionId, runs: [{ runId: runs[0].id, annotation }] }),
    ]
  }, hostile)
  expect(opened).toMatchObject([{ ok: true }, { ok: true }, { ok: true }])
  await page.getByTestId('nav-sessions').click()
  await expect(page.getByTestId('session-row')).toContainText(hostile)
  await page.getByTestId('open-session-button').click()
  await expect(page.getByTestId('open-session')).toHaveText(hostile)
  for (const name of ['runs', 'compare', 'layers', 'sessions']) await page.getByTestId(`nav-${name}`).click()
  expect(await page.evaluate(() => 'pwned' in globalThis)).toBe(false)
  expect(await page.locator('img[src="x"], i:text-is("tag"), #application script').count()).toBe(0)
  expect(complaints).toEqual([])

  await application.evaluate(({ shell }) => {
    const addresses: string[] = []
    Object.assign(globalThis, { addresses })
    shell.openExternal = (address) => {
      addresses.push(address)
      return Promise.resolve()
    }
  })
  const answers = await page.evaluate(async () => {
    const bridge = window.espalier as unknown as { invoke(command: string, input: unknown): Promise<{ ok: boolean }> }
    const papers = ['https://example.invalid/', 'file:///etc/passwd', '__proto__', 'toString', 'Bibikar et al. 2022']
    return Promise.all(papers.map(async (paper) => (await bridge.invoke('application.openPaper', { paper })).ok))
  })
  expect(answers).toEqual([false, false, false, false, true])
  const addresses = await application.evaluate(() => (globalThis as unknown as { addresses: string[] }).addresses)
  expect(addresses).toEqual([expect.stringMatching(/^https:\/\//)])
})

test('app:// serves nothing outside the page, and permissions are denied', async ({ open }) => {
  const { window: page } = await open()
  const statuses = await page.evaluate(async () => {
    const addresses = [
      '/..%2f..%2fpackage.json',
      '/..%2fmain%2findex.js',
      '/assets/..%2f..%2f..%2fpackage.json',
      '/nothing.js',
      '/%2fetc%2fhostname',
      '/..%5c..%5cpackage.json',
      '/%00index.html',
      '/%e0%a4%a',
    ]
    const posted = await fetch('/', { method: 'POST', body: 'x' })
    return [...(await Promise.all(addresses.map(async (address) => (await fetch(address)).status))), posted.status]
  })
  expect(statuses).toEqual([...Array.from({ length: 8 }, () => 404), 405])
  // Another host of the scheme is another origin, which the policy does not know.
  expect(await page.evaluate(() => fetch('app://elsewhere/').then(String, () => 'blocked'))).toBe('blocked')
  expect(await page.evaluate(() => Notification.requestPermission())).toBe('denied')
  const camera = await page.evaluate(() =>
    navigator.mediaDevices.getUserMedia({ video: true }).then(
      () => 'given',
      (error: unknown) => (error instanceof Error ? error.name : 'unknown'),
    ),
  )
  expect(camera).not.toBe('given')
  const states = await page.evaluate(async () => {
    const names = [
      'geolocation',
      'camera',
      'microphone',
      'midi',
      'clipboard-read',
      'notifications',
      'persistent-storage',
    ]
    const query = (name: string) => navigator.permissions.query({ name: name as PermissionName })
    return Promise.all(names.map(async (name) => `${name}: ${(await query(name)).state}`))
  })
  expect(states.filter((state) => !state.endsWith(': denied'))).toEqual([])
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
