import { rootCertificates } from 'node:tls';
import { type Dispatcher, EnvHttpProxyAgent, request } from 'undici';
import { reasonOf, WheelwrightError } from '../../core/errors.js';
import { assertPublicHost, guardedLookup } from './address-guard.js';

export interface HttpLimits {
  connectTimeoutMs: number;
  /** Until the response's head, and between two pieces of its body. */
  stallTimeoutMs: number;
  maxRedirects: number;
}

const DEFAULT_LIMITS: HttpLimits = { connectTimeoutMs: 10_000, stallTimeoutMs: 30_000, maxRedirects: 5 };

export interface HttpClientOptions {
  /** The upstream's origins: always allowed, with plain http as well, and the only ones that are sent its credentials. */
  ownOrigin: string;
  /** An Authorization header for the own origin. */
  authorization?: string;
  /** Other hosts that may be asked; undefined: any public one. */
  hosts?: readonly string[];
  /** PEM; added to the certificates that Node ships. */
  ca?: string;
  limits?: Partial<HttpLimits>;
}

export interface HttpResponse {
  status: number;
  headers: Record<string, string>;
  /** After redirects. */
  url: string;
  body: Dispatcher.ResponseData['body'];
}

/** Requests to one upstream and to wherever its pages and redirects point, as far as that is allowed. */
export class HttpClient {
  readonly #options: HttpClientOptions;
  readonly #limits: HttpLimits;
  readonly #own: Dispatcher;
  readonly #others: Dispatcher;

  constructor(options: HttpClientOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    const ca = options.ca === undefined ? {} : { ca: [...rootCertificates, options.ca] };
    // Proxies are those of the environment, as for pip. Behind one, names are resolved there, and it has to refuse internal addresses itself.
    const agent = {
      requestTls: ca,
      proxyTls: ca,
      headersTimeout: this.#limits.stallTimeoutMs,
      bodyTimeout: this.#limits.stallTimeoutMs,
      connections: 16,
    };
    const connect = { timeout: this.#limits.connectTimeoutMs, ...ca };
    this.#own = new EnvHttpProxyAgent({ ...agent, connect });
    this.#others = new EnvHttpProxyAgent({ ...agent, connect: { ...connect, lookup: guardedLookup } });
  }

  /**
   * GET, following redirects. The caller consumes or destroys the body.
   * @throws WheelwrightError `forbidden` for a place that may not be asked, `unavailable` when no response comes.
   */
  async get(url: string, headers: Record<string, string>, signal: AbortSignal): Promise<HttpResponse> {
    let at = new URL(url);
    for (let hops = 0; hops <= this.#limits.maxRedirects; hops++) {
      const response = await this.#one(at, headers, signal);
      const location = response.headers.location;
      if (response.status < 300 || response.status > 308 || response.status === 304 || location === undefined) {
        return { status: response.status, headers: flat(response.headers), url: at.href, body: response.body };
      }
      // The rest of a redirect's body is not worth a connection kept open for it.
      response.body.on('error', () => {}).destroy();
      at = new URL(String(location), at);
    }
    throw new WheelwrightError('unavailable', `${url} redirects more than ${this.#limits.maxRedirects} times`, {
      hint: 'Two redirects that point at each other are the usual cause. Ask the URL with curl -IL.',
    });
  }

  async #one(at: URL, headers: Record<string, string>, signal: AbortSignal) {
    const own = at.origin === this.#options.ownOrigin;
    if (!own) this.#assertAllowed(at);
    const authorization =
      own && this.#options.authorization !== undefined ? { authorization: this.#options.authorization } : {};
    try {
      const response = await request(at, {
        method: 'GET',
        // Who names a host in file-hosts vouches for its address.
        dispatcher: own || this.#options.hosts !== undefined ? this.#own : this.#others,
        headers: { 'user-agent': 'wheelwright', ...headers, ...authorization },
        signal,
      });
      return { status: response.statusCode, headers: response.headers, body: response.body };
    } catch (error) {
      throw failure(at, error);
    }
  }

  #assertAllowed(at: URL): void {
    const { hosts } = this.#options;
    const listed = hosts?.includes(at.hostname) ?? true;
    const faulty =
      at.protocol !== 'https:'
        ? 'it is not https'
        : at.username !== '' || at.password !== ''
          ? 'it holds credentials'
          : listed
            ? undefined
            : 'its host is not in file-hosts';
    if (faulty !== undefined) {
      throw new WheelwrightError(
        'forbidden',
        `the upstream points to ${at.origin}, which may not be asked: ${faulty}`,
        {
          hint: "Files may be on the upstream's own origin, or by https on the hosts that the policy file allows.",
        },
      );
    }
    if (hosts === undefined) assertPublicHost(at.hostname);
  }

  async close(): Promise<void> {
    await Promise.all([this.#own.destroy(), this.#others.destroy()]);
  }
}

function flat(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value ?? '')]));
}

function failure(at: URL, error: unknown): WheelwrightError {
  if (error instanceof WheelwrightError) return error;
  const cause = error instanceof Error && error.cause instanceof WheelwrightError ? error.cause : undefined;
  if (cause !== undefined) return cause;
  return new WheelwrightError('unavailable', `no answer from ${at.origin}: ${reasonOf(error)}`, {
    hint: 'Check its name (WHEELWRIGHT_UPSTREAM, or the policy file), the network, and WHEELWRIGHT_CA_BUNDLE where TLS is intercepted.',
    cause: error,
  });
}
