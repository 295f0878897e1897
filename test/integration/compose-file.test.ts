import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { nodeArguments, nodeEnvironment } from '../../cli/service/node-arguments.js';

test.each(['api', 'index-server', 'worker'] as const)('%s is started by compose as `up` starts it', async (name) => {
  const { services } = parse(await readFile('docker-compose.yml', 'utf8'), { merge: true });
  const { command, environment } = services[name];
  expect(command.slice(command.indexOf('node') + 1)).toEqual([...nodeArguments(name), `dist/${name}/main.js`]);
  expect(environment).toMatchObject(nodeEnvironment(name));
});
