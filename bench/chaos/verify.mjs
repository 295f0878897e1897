// What must hold when the dust has settled. Each finding is a sentence.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { install } from './load.mjs';
import { LINES } from './sdists.mjs';

/** Looks at every build, file and log through the service. */
export async function verifyService({ client, indexUrl, load, ledger }) {
  const findings = [...ledger.faults];
  for (const each of load.asked) {
    const build = await client.build(each.build.id);
    const name = `build ${build.id} of ${each.project}`;
    if (build.status !== 'succeeded') findings.push(`${name} ended as ${build.status}`);
    const succeeded = build.attempts.filter(({ status }) => status === 'succeeded');
    if (succeeded.length !== 1) findings.push(`${name} has ${succeeded.length} attempts that succeeded`);
    if (build.files.length !== 1) findings.push(`${name} has ${build.files.length} files`);
    findings.push(...(await verifyFiles(indexUrl, each.project, build)));
    for (const attempt of build.attempts) {
      if (attempt.finishedAt === undefined) findings.push(`${name}: attempt ${attempt.id} has no end`);
      const text = await logOf(client, attempt.id);
      findings.push(
        ...verifyLog(attempt, text, each.module, ledger.acknowledged.get(attempt.id), load.read.get(attempt.id)),
      );
    }
  }
  await install(
    indexUrl,
    load.asked.map(({ project }) => project),
  ).catch((error) => findings.push(`pip cannot install everything: ${error.stderr}`));
  return findings;
}

async function verifyFiles(indexUrl, project, build) {
  const accept = { accept: 'application/vnd.pypi.simple.v1+json' };
  const page = await (await fetch(`${indexUrl}/simple/${project}/`, { headers: accept })).json();
  if (page.files.length !== build.files.length) return [`the index offers ${page.files.length} files of ${project}`];
  const findings = [];
  for (const file of page.files) {
    const known = build.files.find(({ filename }) => filename === file.filename);
    const bytes = await (await fetch(new URL(file.url, `${indexUrl}/simple/${project}/`))).arrayBuffer();
    const sha256 = createHash('sha256').update(Buffer.from(bytes)).digest('hex');
    if (sha256 !== file.hashes.sha256 || sha256 !== known?.sha256)
      findings.push(
        `${file.filename} has sha256 ${sha256}, the index says ${file.hashes.sha256}, the build ${known?.sha256}`,
      );
  }
  return findings;
}

function verifyLog(attempt, text, module, acknowledged = new Map(), read = []) {
  const findings = [];
  const lines = text.split('\n').slice(0, -1);
  for (const [number, line] of acknowledged) {
    if (lines[number - 1] !== line)
      findings.push(`attempt ${attempt.id}: acknowledged line ${number} is missing or changed`);
  }
  if (read.length !== lines.length || read.some((line, index) => line !== lines[index]))
    findings.push(
      `attempt ${attempt.id}: its reader was given ${read.length} lines, the log has ${lines.length}, or their texts differ`,
    );
  const own = lines
    .map((line) => new RegExp(`^line (\\d+) of ${module}$`).exec(line)?.[1])
    .filter((number) => number !== undefined);
  if (own.some((number, index) => Number(number) !== index + 1))
    findings.push(`attempt ${attempt.id}: what the build printed has a gap or a double`);
  if (attempt.status === 'succeeded' && own.length !== LINES)
    findings.push(`attempt ${attempt.id}: ${own.length} of ${LINES} printed lines are there`);
  return findings;
}

async function logOf(client, attemptId) {
  let log = '';
  for await (const text of client.log(attemptId, 1)) log += text;
  return log;
}

/** `wheelwright fsck` on the data folder. */
export function verifyData(root, environment) {
  return new Promise((resolve) => {
    const options = { env: { ...process.env, ...environment }, maxBuffer: 2 ** 26 };
    execFile(process.execPath, [join(root, 'dist/cli/main.js'), 'fsck', '--json'], options, (error, out, err) => {
      if (error === null) return resolve([]);
      resolve([`fsck: ${out || err}`]);
    });
  });
}
