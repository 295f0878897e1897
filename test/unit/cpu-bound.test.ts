import { expect, test } from 'vitest';
import { cpuBound } from '../../core/cpu-bound.js';

const line = (where: string) =>
  `ham.so holds 16 instructions beyond the baseline of the architecture (x86-64), e.g. \`roundss $0x9,%xmm0,%xmm0\`${where}, and nothing in the wheel asks what the processor has`;

test('what numpy brings for extensions to be linked with is older in an older numpy', () => {
  expect(cpuBound(line(' in npy_floorf')).proposal?.edit).toEqual({ requires: { constraints: ['numpy<2.4'] } });
  expect(cpuBound(line(' in ham_floor')).proposal).toBeUndefined();
  expect(cpuBound(line(''))).toMatchObject({ class: 'cpu-bound', line: line('') });
});
