// The worker's memory while a build prints a 200 MB log and makes a 300 MB wheel, against one that does neither: it must not grow with them.
//   node bench/worker-memory/measure.mjs [log MB] [wheel MB]        needs dist/ and a container engine; goal: under 200 MB resident
import { startService } from '../own-service.mjs';
import { peakMegabytes } from '../processes.mjs';
import { openSdistIndex } from '../sdists.mjs';

const [logMegabytes = 200, wheelMegabytes = 300] = process.argv.slice(2).map(Number);

const index = await openSdistIndex();
async function add(project, logMb, wheelMb) {
  const hooks = `
import os, sys
def build(folder, write_wheel):
    line = "compiling " + "x" * 89 + "\\n"
    for _ in range(${logMb}):
        sys.stdout.write(line * 10000)
    return write_wheel(folder, {"sample.py": b"", "data.bin": os.urandom(${wheelMb} << 20)})
`;
  await index.add(project, { 'hooks.py': hooks });
}
await add('small', 0, 0);
await add('large', logMegabytes, wheelMegabytes);

const environment = {
  WHEELWRIGHT_INSTANCE: 'bench-memory',
  WHEELWRIGHT_COMPILER_CACHE_BYTES: '0',
  WHEELWRIGHT_ENVIRONMENT_CACHE_BYTES: '0',
};
// With the flags that `./wheelwright up` starts it with.
const service = await startService(index, environment, ['--enable-source-maps', '--max-semi-space-size=2']);

try {
  for (const project of ['small', 'large']) {
    const build = await service.build({ requirement: `${project}==1.0` });
    if (build.status !== 'succeeded') throw new Error(JSON.stringify(build.attempts.at(-1)?.failure));
    const size = (build.files[0].sizeBytes / 1e6).toFixed(0);
    console.log(`${project}: wheel ${size} MB, worker's peak ${peakMegabytes(service.worker.pid)} MB resident`);
  }
} finally {
  await service.close();
  index.close();
}
