import { expect, test } from 'vitest';
import { rankOwners } from '../../core/package-match.js';

const owners = (kind: 'library' | 'cmake', name: string, files: Record<string, string>) =>
  rankOwners(
    { kind, name },
    Object.entries(files).map(([path, owner]) => ({ path, packages: [owner] })),
    () => 0,
  ).map((match) => match.package);

test('a plugin of a program is no library to link against', () => {
  expect(owners('library', 'dbus', { 'usr/lib/x86_64-linux-gnu/compiz/libdbus.so': 'compiz-plugins' })).toEqual([]);
  expect(
    owners('library', 'blas', { 'usr/lib/x86_64-linux-gnu/openblas-pthread/libblas.so': 'libopenblas-pthread-dev' }),
  ).toEqual(['libopenblas-pthread-dev']);
});

test("a library that is bound to the distribution's own Python is none for another", () => {
  const path = 'usr/lib/x86_64-linux-gnu/cmake/boost_python-1.74.0/boost_python-config.cmake';
  expect(owners('cmake', 'boost_python', { [path]: 'libboost-python1.74-dev' })).toEqual([]);
});

test('a longer name is another library', () => {
  expect(
    owners('cmake', 'libev', {
      'usr/lib/x86_64-linux-gnu/pkgconfig/libevent.pc': 'libevent-dev',
      'usr/lib/x86_64-linux-gnu/libev.so': 'libev-dev',
    }),
  ).toEqual(['libev-dev']);
  expect(owners('cmake', 'dbus', { 'usr/lib/x86_64-linux-gnu/pkgconfig/dbus-1.pc': 'libdbus-1-dev' })).toEqual([
    'libdbus-1-dev',
  ]);
});

test('of a library that several versions of can be installed, the one that most depend on is meant', () => {
  const found = rankOwners(
    { kind: 'cmake', name: 'gtk' },
    [
      { path: 'usr/lib/x86_64-linux-gnu/pkgconfig/gtk-vnc-2.0.pc', packages: ['libgtk-vnc-2.0-dev'] },
      { path: 'usr/lib/x86_64-linux-gnu/pkgconfig/gtk+-2.0.pc', packages: ['libgtk2.0-dev'] },
      { path: 'usr/lib/x86_64-linux-gnu/pkgconfig/gtk+-3.0.pc', packages: ['libgtk-3-dev'] },
    ],
    (name) => (name === 'libgtk-3-dev' ? 9 : 1),
  );
  expect(found.map((match) => match.package)).toEqual(['libgtk-3-dev', 'libgtk2.0-dev', 'libgtk-vnc-2.0-dev']);
});

test('a library that is headers only is known by their folder, before a program of its name', () => {
  expect(
    owners('cmake', 'Libham', {
      'usr/bin/ham': 'ham-tool',
      'usr/include/ham/version.hpp': 'libham-dev',
      'usr/include/egg/ham/version.hpp': 'libegg-dev',
    }),
  ).toEqual(['libham-dev', 'ham-tool']);
});

test('a program of the name of its library is not what a build looks for', () => {
  expect(
    owners('cmake', 'systemd', {
      'usr/share/pkgconfig/systemd.pc': 'systemd',
      'usr/lib/x86_64-linux-gnu/pkgconfig/libsystemd.pc': 'libsystemd-dev',
    })[0],
  ).toBe('libsystemd-dev');
});

test('a library that is sought without its version is one that programs load, before one to link against', () => {
  const found = rankOwners(
    { kind: 'soname', name: 'libfoo.so' },
    [
      { path: 'usr/lib/x86_64-linux-gnu/libfoo.so', packages: ['libfoo-dev'] },
      { path: 'usr/lib/x86_64-linux-gnu/libfoo.so.4', packages: ['libfoo4'] },
    ],
    () => 0,
  );
  expect(found).toMatchObject([
    { package: 'libfoo4', certain: false },
    { package: 'libfoo-dev', certain: false },
  ]);
});

test('a program that is installed under its version and an alternative is in the package of its name', () => {
  const found = rankOwners(
    { kind: 'tool', name: 'automake' },
    [{ path: 'usr/bin/automake-1.16', packages: ['automake'] }],
    () => 0,
  );
  expect(found).toMatchObject([{ package: 'automake', certain: true }]);
});
