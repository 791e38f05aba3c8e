// Makes any Node like Node 23 and newer, which lack these.
const util = require('node:util')
Reflect.deleteProperty(util, 'isNullOrUndefined')
Reflect.deleteProperty(util, 'isArray')
