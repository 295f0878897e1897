import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { WheelwrightError } from '../../core/errors.js';

// Documentation ranges are left out: sandboxes route their mirrors through them, and nothing internal lives there.
const INTERNAL_RANGES: ReadonlySet<string> = new Set([
  'unspecified',
  'broadcast',
  'multicast',
  'linkLocal',
  'loopback',
  'private',
  'carrierGradeNat',
  'uniqueLocal',
]);
const DOCUMENTATION = ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24'].map((cidr) => ipaddr.parseCIDR(cidr));

/** Whether an address is one that only this machine or this network can reach, also when it is written as an IPv6 form of an IPv4 address. */
export function isInternalAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return true;
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4' && DOCUMENTATION.some((cidr) => parsed.match(cidr))) return false;
  const range = parsed.range();
  if (range === 'rfc6052' || range === '6to4' || range === 'teredo') return true;
  return INTERNAL_RANGES.has(range) || range === 'reserved';
}

/** Refuses a host that is itself an internal address; names are checked when they have been resolved, by {@link guardedLookup}. */
export function assertPublicHost(hostname: string): void {
  const literal = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  if (ipaddr.isValid(literal) && isInternalAddress(literal)) throw internal(hostname, literal);
}

/** A resolver for sockets that fails for a name with an internal address, so that what was checked is what is connected to. */
export const guardedLookup: LookupFunction = (hostname, options, callback) => {
  dnsLookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return callback(error, '', 0);
    const bad = addresses.find(({ address }) => isInternalAddress(address));
    if (bad !== undefined) return callback(internal(hostname, bad.address) as NodeJS.ErrnoException, '', 0);
    if (options.all === true) return callback(null, addresses);
    const [first] = addresses as [LookupAddress];
    callback(null, first.address, first.family);
  });
};

function internal(hostname: string, address: string): WheelwrightError {
  return new WheelwrightError(
    'forbidden',
    `${hostname} is the internal address ${address}, which an upstream may not send us to`,
    {
      hint: "Files of an upstream may be on its own origin or on public hosts. Name the host in the policy file's file-hosts if it is yours.",
    },
  );
}
