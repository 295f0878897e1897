// The ceiling: nginx with the same pages and files from disk, compressed beforehand.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** Writes the site and its configuration; returns the command that serves it in the foreground. */
export async function nginxSite(folder, origin, dataFolder, projects, port) {
  const site = join(folder, 'site');
  for (const path of ['/simple/', ...projects.map((project) => `/simple/${project}/`)]) {
    for (const [name, accept] of [
      ['index.html', 'text/html'],
      ['index.json', 'application/vnd.pypi.simple.v1+json'],
    ]) {
      const text = await (await fetch(origin + path, { headers: { accept } })).text();
      const file = join(site, path, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
      writeFileSync(`${file}.gz`, gzipSync(text, { level: 6 }));
      if (name === 'index.json' && path !== '/simple/') linkFiles(site, path, JSON.parse(text), dataFolder);
    }
  }
  const configuration = join(folder, 'nginx.conf');
  writeFileSync(configuration, configurationOf(folder, site, port));
  return ['nginx', ['-c', configuration, '-e', join(folder, 'error.log')]];
}

function linkFiles(site, path, page, dataFolder) {
  for (const { url, hashes, 'core-metadata': metadata } of page.files) {
    const target = new URL(url, `http://x${path}`).pathname;
    mkdirSync(dirname(join(site, target)), { recursive: true });
    link(dataFolder, hashes.sha256, join(site, target));
    link(dataFolder, metadata.sha256, `${join(site, target)}.metadata`);
  }
}

function link(dataFolder, sha256, path) {
  symlinkSync(join(dataFolder, 'blobs', 'sha256', sha256.slice(0, 2), sha256.slice(2, 4), sha256), path);
}

function configurationOf(folder, site, port) {
  return `daemon off; pid ${folder}/pid; worker_processes 1; user root;
events { worker_connections 512; }
http {
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; server_tokens off;
  open_file_cache max=10000 inactive=10m;
  types { text/html html; application/vnd.pypi.simple.v1+json json; application/octet-stream whl metadata; }
  map $http_accept $page { default index.html; "~vnd\\.pypi\\.simple\\.(v1|latest)\\+json" index.json; }
  server {
    listen 127.0.0.1:${port}; root ${site};
    location /simple/ { gzip_static on; index $page; add_header Vary "Accept, Accept-Encoding"; }
    location /files/ { }
  }
}
`;
}
