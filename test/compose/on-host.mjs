// docker-compose.yml on the host's network, printed: for machines where tests may use 127.0.0.1 only. Everything else in it stays as it is.
import { readFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';

const compose = parse(readFileSync('docker-compose.yml', 'utf8'), { merge: true });
for (const service of Object.values(compose.services)) {
  delete service.networks;
  delete service.ports;
  service.network_mode = 'host';
  if (service.build !== undefined) service.build = { ...service.build, network: 'host' };
  if (service.environment !== undefined)
    service.environment = { ...service.environment, WHEELWRIGHT_HOST: '127.0.0.1' };
}
compose.services.redis.command += ' --bind 127.0.0.1';
delete compose.networks;
for (const name of Object.keys(compose)) if (name.startsWith('x-')) delete compose[name];
process.stdout.write(stringify(compose, { aliasDuplicateObjects: false, version: '1.1' }));
