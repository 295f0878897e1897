// Health check of a container: exit 0 where this URL answers 200. `unix:<socket>` asks a container engine.
import { request } from 'node:http';

const [, , target = ''] = process.argv;
const [url, options] = target.startsWith('unix:')
  ? ['http://engine/_ping', { socketPath: target.slice('unix:'.length) }]
  : [target, {}];
request(url, { ...options, timeout: 5000 }, (response) => process.exit(response.statusCode === 200 ? 0 : 1))
  .on('error', () => process.exit(1))
  .on('timeout', () => process.exit(1))
  .end();
