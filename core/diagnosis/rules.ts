import type { Rule } from './rule.js';
import { backendRules } from './rules/backends.js';
import { cApiRules } from './rules/c-api.js';
import { cmakeRules } from './rules/cmake.js';
import { compilerRules } from './rules/compiler.js';
import { cythonRules } from './rules/cython.js';
import { discoveryRules } from './rules/discovery.js';
import { environmentRules } from './rules/environment.js';
import { headerRules } from './rules/headers.js';
import { linkerRules } from './rules/linker.js';
import { mesonRules } from './rules/meson.js';
import { moduleRules } from './rules/modules.js';
import { numpyRules } from './rules/numpy.js';
import { pythonRules } from './rules/python.js';
import { requirementRules } from './rules/requirements.js';
import { rustRules } from './rules/rust.js';
import { sentenceRules } from './rules/sentences.js';
import { setuptoolsRules } from './rules/setuptools.js';
import { toolchainRules } from './rules/toolchain.js';
import { toolRules } from './rules/tools.js';
import { wheelRules } from './rules/wheel.js';

/**
 * All of them. Where two of one weight know a line, the first one speaks, so what is known in particular stands before what is known in general:
 * numpy and setuptools before Python and C, which they are part of; a project's own sentences last, as they have no fixed form.
 */
export const RULES: readonly Rule[] = [
  ...environmentRules,
  ...numpyRules,
  ...setuptoolsRules,
  ...headerRules,
  ...linkerRules,
  ...cApiRules,
  ...compilerRules,
  ...mesonRules,
  ...cmakeRules,
  ...discoveryRules,
  ...rustRules,
  ...toolchainRules,
  ...toolRules,
  ...wheelRules,
  ...requirementRules,
  ...cythonRules,
  ...backendRules,
  ...pythonRules,
  ...moduleRules,
  ...sentenceRules,
];
