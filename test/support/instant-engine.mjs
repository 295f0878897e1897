// A container engine that answers at once: everything of a worker but the containers is real. It makes a sound wheel `<project>-1.0-py3-none-any.whl` of whatever it is
// asked to build. Plain JavaScript, since the benchmarks use it as well.
import { hash } from 'node:crypto';
import { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';

/**
 * What a worker is opened with in place of a real engine and a real upstream.
 * @param hold called with the step's name (`images`, or the script of a container), before its end; whoever makes it wait holds the attempt there
 */
export function instantSite(hold) {
  return {
    engine: instantEngine(hold),
    version: '0.0.0',
    upstream: {
      // The test index gives each sdist the hash of its own name.
      file: async (url) => Readable.from([Buffer.from(url.slice(url.lastIndexOf('/') + 1))]),
    },
    scripts: [],
    caBundle: undefined,
    indexToken: undefined,
    packageIndex: () => ({ find: async () => [] }),
    unpackSdist: () => packed('PKG-INFO', ''),
    readSdist: async () => [],
    removeUnusedImages: async () => [],
  };
}

function instantEngine(hold) {
  const workspaces = new Map();
  const containers = new Set();
  return {
    /** Names of what there is now: workspaces, and `<workspace> <script>` of each container that runs. */
    left: () => [...workspaces.keys(), ...containers],
    async ping() {},
    pruneKept: async () => [],
    async prepareImages(_target, _recipe, _progress, signal) {
      if (hold) await untilAborted(hold('images', signal), signal);
      return { builder: 'builder', clean: 'clean', inputs: [{ kind: 'image', name: 'builder', version: '1' }] };
    },
    facts: async () => ({
      version: 'instant',
      architecture: 'x86_64',
      labels: [],
      cpus: 64,
      memoryBytes: 2 ** 40,
      diskBytes: 2 ** 50,
    }),
    async createWorkspace(attemptId) {
      workspaces.set(attemptId, new Map());
      return attemptId;
    },
    async putTars(workspace, tars) {
      const files = workspaces.get(workspace);
      for (const { folder, open } of tars) {
        for (const [name, content] of unpacked(await wholeOf(await open()))) files.set(`${folder}/${name}`, content);
      }
    },
    async getTar(workspace, path) {
      return packed(path.slice(path.lastIndexOf('/') + 1), workspaces.get(workspace).get(path));
    },
    async run({ workspace, command, environment }, output, signal) {
      const files = workspaces.get(workspace);
      signal.throwIfAborted();
      const script = command.at(-1).split('/').at(-1);
      const container = `${workspace} ${script}`;
      containers.add(container);
      try {
        await output(Buffer.from(`${script} runs\n`));
        if (hold) await untilAborted(hold(script, signal), signal);
        const task = environment.WHEELWRIGHT_TASK;
        report(files, script, JSON.parse(files.get(task) ?? task));
        return { kind: 'exited', code: 0, oomKilled: false };
      } finally {
        containers.delete(container);
      }
    },
    async removeWorkspace(workspace) {
      workspaces.delete(workspace);
    },
    removeOrphans: async () => [],
  };
}

/** Not by node:stream/consumers, which makes a Blob of everything: this engine is to cost as little as can be. */
async function wholeOf(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function untilAborted(waiting, signal) {
  signal.throwIfAborted();
  let abort;
  const aborted = new Promise((_resolve, reject) => {
    abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort);
  });
  await Promise.race([waiting, aborted]).finally(() => signal.removeEventListener('abort', abort));
}

/** Leaves what the script leaves in its volume. */
function report(files, script, task) {
  const leave = (path, content) => files.set(path, JSON.stringify(content));
  switch (script) {
    case 'fetch.py':
      files.set('project', task.project);
      leave(task.report, { kind: 'fetched', requirements: [], wheels: [] });
      break;
    case 'build.py':
      leave('/build/reports/build.json', { kind: 'built', wheels: [wheelName(files.get('project'))] });
      break;
    case 'repair.py': {
      const project = files.get('project');
      const wheel = `/build/repaired/${wheelName(project)}`;
      files.set(wheel, makeWheel(project));
      leave('/build/reports/repair.json', {
        kind: 'pure',
        wheel,
        grafted: [],
        needs: [],
        requires: [],
        modules: [],
        native: [],
      });
      break;
    }
    case 'test.py':
      leave('/test/reports/test.json', { kind: 'passed' });
      break;
    default:
      throw new Error(`no script is known as ${script}`);
  }
}

const wheelName = (project) => `${project.replaceAll('-', '_')}-1.0-py3-none-any.whl`;

const MODULE = Buffer.from('');
const WHEEL = Buffer.from('Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n');
const recorded = (bytes) => `sha256=${hash('sha256', bytes, 'base64url')},${bytes.length}`;
const RECORDED = { module: recorded(MODULE), wheel: recorded(WHEEL) };

function makeWheel(project) {
  const name = project.replaceAll('-', '_');
  const info = `${name}-1.0.dist-info`;
  const metadata = Buffer.from(`Metadata-Version: 2.1\nName: ${project}\nVersion: 1.0\n`);
  const record = `${name}.py,${RECORDED.module}
${info}/METADATA,${recorded(metadata)}
${info}/WHEEL,${RECORDED.wheel}
${info}/RECORD,,
`;
  return zip({
    [`${name}.py`]: MODULE,
    [`${info}/METADATA`]: metadata,
    [`${info}/WHEEL`]: WHEEL,
    [`${info}/RECORD`]: Buffer.from(record),
  });
}

/** An archive of stored members, dated 1 January 1980. */
function zip(members) {
  const locals = [];
  const entries = [];
  let offset = 0;
  for (const [path, content] of Object.entries(members)) {
    const name = Buffer.from(path);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(0x21, 8);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(content.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, name, content]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(0o100644 * 2 ** 16, 6);
    rest.writeUInt32LE(offset, 10);
    entries.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x03'), common, rest, name]));
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(entries);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(entries.length, 4);
  end.writeUInt16LE(entries.length, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...locals, directory, Buffer.from('PK\x05\x06'), end]);
}

/** A tar of one file. By hand, as is its counterpart: with a library, the archives would cost more than all else that this engine does. */
function packed(name, content) {
  const bytes = Buffer.from(content);
  const archive = Buffer.alloc(TAR_BLOCK + upToBlock(bytes.length) + 2 * TAR_BLOCK);
  archive.write(name, 0);
  archive.write('0000644\0', 100);
  archive.write(bytes.length.toString(8).padStart(11, '0'), 124);
  archive.write('00000000000\0', 136);
  archive.write('        0', 148);
  archive.write('ustar\x0000', 257);
  let sum = 0;
  for (let at = 0; at < TAR_BLOCK; at++) sum += archive[at];
  archive.write(`${sum.toString(8).padStart(6, '0')}\0`, 148);
  bytes.copy(archive, TAR_BLOCK);
  return Readable.from([archive], { objectMode: false });
}

/** Names and contents of the files in a tar of short names. */
function* unpacked(archive) {
  for (let at = 0; archive[at] !== 0; ) {
    const name = archive.toString('latin1', at, archive.indexOf(0, at));
    const size = Number.parseInt(archive.toString('latin1', at + 124, at + 135), 8);
    const kind = String.fromCharCode(archive[at + 156]);
    if (kind !== '0' && kind !== '5') throw new Error(`this engine reads no tar entry of the kind ${kind}`);
    at += TAR_BLOCK;
    if (kind === '0') yield [name, archive.subarray(at, at + size)];
    at += upToBlock(size);
  }
}

const TAR_BLOCK = 512;
const upToBlock = (size) => Math.ceil(size / TAR_BLOCK) * TAR_BLOCK;
