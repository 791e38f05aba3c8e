/** Names of the two channels between preload and main process, and of the page's address. */
export const invokeChannel = 'espalier:invoke'
export const eventChannel = 'espalier:event'
