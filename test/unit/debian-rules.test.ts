import { expect, test } from 'vitest';
import { configureSwitches } from '../../core/debian-rules.js';

test('the switches of the last call, through variables; not what is computed, a path, or about something else', () => {
  const rules = `
TESTS = $(if $(filter nocheck,$(DEB_BUILD_OPTIONS)),OFF,ON)
COMMON = \\
\t-DBUILD_TESTS=$(TESTS) \\
\t-DCERTS=/etc/ssl/certs.crt \\
\t-DREGEX=pcre2
COMMON += -DUSE_SSH:BOOL=ON $(shell touch /tmp/ran) -DBUILD_DOCS=ON -DWITH_PYTHON=OFF
%:
\tdh $@ --buildsystem=cmake

override_dh_auto_configure:
\tdh_auto_configure --builddirectory=a -- -DFIRST=1 $(COMMON)
\tdh_auto_configure --builddirectory=b -- \\
\t\t-DBUILD_SHARED_LIBS=ON $(COMMON)
`;
  expect(configureSwitches(rules)).toEqual(['-DREGEX=pcre2', '-DUSE_SSH:BOOL=ON', '-DWITH_PYTHON=OFF']);
});

test('those of autotools, and none where nothing is given or a variable is its own', () => {
  const call = (given: string) => `override_dh_auto_configure:\n\tdh_auto_configure -- ${given}\n`;
  const given = '--with-system-ham --without-gtk --with-gtk --enable-python3 --datadir=/usr/share --with-egg="x y"';
  expect(configureSwitches(call(given))).toEqual(['--with-system-ham', '--without-gtk']);
  expect(configureSwitches('%:\n\tdh $@\n')).toEqual([]);
  expect(configureSwitches(`A = $(A) --with-b\n${call('$(A)')}`)).toContain('--with-b');
});
