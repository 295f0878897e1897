import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { nodeArguments, nodeEnvironment } from '../../cli/service/node-arguments.js';

const NAMES = ['api', 'index-server', 'worker'] as const;
const { services } = parse(await readFile('docker-compose.yml', 'utf8'), { merge: true });

test.each(NAMES)('%s is started by compose as `up` starts it', (name) => {
  const { command, environment } = services[name];
  expect(command.slice(command.indexOf('node') + 1)).toEqual([...nodeArguments(name), `dist/${name}/main.js`]);
  expect(environment).toMatchObject(nodeEnvironment(name));
});

test.each(NAMES)('what closes reading reaches the %s from .env', (name) => {
  for (const setting of ['WHEELWRIGHT_READ_TOKEN_REQUIRED', 'WHEELWRIGHT_INDEX_TOKEN_REQUIRED']) {
    expect(services[name].environment[setting]).toBe(`\${${setting}:-}`);
  }
});
