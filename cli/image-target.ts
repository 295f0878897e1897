import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import Docker from 'dockerode';
import { z } from 'zod';
import { WheelwrightError } from '../core/errors.js';

const SCRIPT = `import json, os, sys, sysconfig
try: libc = os.confstr("CS_GNU_LIBC_VERSION")
except (ValueError, OSError): libc = None
free = "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
print(json.dumps({"python": "cp%d%d%s" % (sys.version_info[0], sys.version_info[1], free), "libc": libc}))`;

const answerSchema = z.object({ python: z.string(), libc: z.string().nullable() });

/**
 * Asks the Python of an image which interpreter it is and which glibc it runs on. The image is not pulled.
 * @throws WheelwrightError `not-found` for an image that is not there, `invalid` for one without Python or glibc, `unavailable` without an engine
 */
export async function readImageTarget(image: string, signal: AbortSignal): Promise<{ python: string; policy: string }> {
  const { python, libc } = await askImage(new Docker(), image, signal);
  const [, major, minor] = /^glibc (\d+)\.(\d+)/.exec(libc ?? '') ?? [];
  if (major === undefined || minor === undefined) {
    throw new WheelwrightError('invalid', `the Python of ${image} does not run on glibc`, {
      hint: 'Wheels are built here for glibc. Use an image of Debian, Ubuntu, Fedora or the like.',
    });
  }
  return { python, policy: `manylinux_${major}_${minor}` };
}

async function askImage(docker: Docker, image: string, signal: AbortSignal): Promise<z.infer<typeof answerSchema>> {
  const output = new PassThrough();
  const errors = new PassThrough();
  errors.resume();
  const container = await createContainer(docker, image, signal);
  try {
    const stream = await container.attach({ stream: true, stdout: true, stderr: true });
    container.modem.demuxStream(stream, output, errors);
    stream.on('end', () => output.end());
    await container.start({ abortSignal: signal });
    const answer = (await text(output)).trim();
    return answerSchema.parse(JSON.parse(answer));
  } catch (cause) {
    signal.throwIfAborted();
    throw new WheelwrightError('invalid', `no Python answers in ${image}`, {
      hint: 'The image must have python3 on its PATH. Or say --python and --policy instead.',
      cause,
    });
  } finally {
    await container.remove({ force: true });
  }
}

async function createContainer(docker: Docker, image: string, signal: AbortSignal): Promise<Docker.Container> {
  try {
    return await docker.createContainer({
      Image: image,
      Entrypoint: ['python3', '-c', SCRIPT],
      Cmd: [],
      AttachStdout: true,
      AttachStderr: true,
      NetworkDisabled: true,
      abortSignal: signal,
    });
  } catch (cause) {
    signal.throwIfAborted();
    if ((cause as { statusCode?: number }).statusCode === 404) {
      throw new WheelwrightError('not-found', `there is no image ${image} on this machine`, {
        hint: `Build it or pull it first: docker pull ${image}`,
        cause,
      });
    }
    throw new WheelwrightError('unavailable', 'the container engine does not answer', {
      hint: 'Is it running? docker info says so. Or say --python and --policy instead of --image.',
      cause,
    });
  }
}
