import { mount } from 'svelte'
import type { EspalierBridge } from '@contract/bridge'
import './styles/tokens.css'
import './styles/base.css'
import App from './App.svelte'
import NoBridge from './NoBridge.svelte'
import { createEngine } from './bridge/bridge'

/** Fills the page: the application, or, where there is no way to the engine, a screen that says so. */
export function showApplication(bridge: EspalierBridge | undefined): void {
  const target = document.querySelector('#application')
  if (target === null) throw new Error('the page has no #application element')
  if (bridge === undefined) mount(NoBridge, { target })
  else mount(App, { target, props: { engine: createEngine(bridge) } })
}
