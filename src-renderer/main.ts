import { showApplication } from './application'

showApplication(window.espalier)
