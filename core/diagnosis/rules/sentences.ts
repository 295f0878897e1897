import type { MissingPart } from '../../failure.js';
import type { Phase } from '../../phase.js';
import type { Finding, Rule } from '../rule.js';
import { missingTool } from './tools.js';

// Setup scripts say in their own words what they miss. Three forms of sentence cover nearly all of them.
const ARTICLES =
  '(?:(?:the|a|an|any(?: of the)?|requested|one of the|your|local|required|valid|installed|suitable|usable|working|needed|dependency|version of|location of|path (?:of|to)|main|shared|static|native|program|executable|command|lib|library|header(?: files?)?|packages?|headers for|headers of|development files for|system) )*';
const NAME = '[`\'"“‘]?([A-Za-z][\\w.+-]*[\\w+](?:/[\\w./+-]+\\.h\\w*)?)[`\'"”’]?';
const NOUN =
  '(headers?(?: files?)?|librar(?:y|ies)|C library|development (?:files|headers|libraries|package)|dev(?:elopment)? package|include(?:s| files| directory| path)?|installation|executable|program|binary|command|utility|tool|script|SDK)';

const NOT_FOUND = new RegExp(
  `(?:could not|couldn't|cannot|can't|can not|unable to|failed to|did not|didn't) (?:find|locate|load|detect) ${ARTICLES}${NAME}(?: version [\\d.]+)?(?! dependenc)(?: ${NOUN})?(?=[\\s.,;:!(]|$)`,
  'i',
);
const IS_MISSING = new RegExp(
  `(?:^|[\\s:])${NAME}(?: v?\\d+\\.[\\d.]*\\d)?(?: (?:shared|static|dynamic|native))?(?: ${NOUN})? (?:(?:is |are )?required but )?(?:was |were |is |are |could |must be |has to be |(?:appears|seems) (?:to be )?|to be (?=installed))?(?:not (?:to )?(?:be )?found|not to be installed|missing|not installed|not available|required to (?:build|compile|install)|needed to (?:build|compile)|installed)`,
  'i',
);
const PLEASE_INSTALL = new RegExp(
  `(?:please install|(?:you )?(?:need|have) to install|must install|make sure (?:that )?(?:you have )?(?:installed )?|(?:have you installed|do you have|cannot (?:proceed|continue|build|work) without|can't (?:proceed|continue|build|work) without) )${ARTICLES.replace('(?:(?:', ' ?(?:(?:')}${NAME}(?![\\w.+-]|[\`'"”’]? (?:can|is explicitly)\\b)(?: ${NOUN})?`,
  'i',
);

/** A program that gives up says so; others only report and go on. */
const GIVES_UP =
  /^\s*\W*(?:configure: error|(?:\w+\.)*\w*(?:Error|Exception|Exit)|error|ERROR|CRITICAL|FATAL|fatal|Fatal)\b:?[:\s]/;
const GOES_ON =
  /^\s*(?:-- |checking |Run-time dependency|Library |Program |Has header|Compiler for)|found: NO|warn|disabl|skipp|optional|(?<!(?:proceed|continue|build|work|built|compiled) )without|fall(?:ing)? back|ignor|deprecat|continuing|will continue|not found in cache|trying/i;
const NO_NAME =
  /^(?:the|any|but|which|was|shared|static|dynamic|native|assembler|requested|required|location|folders?|dirs?|libs?|main|includes?|vendored|bundled|pkg-config dependencies|file|files|module|modules|remote|containing|auxiliary|version|setup|python|directory|it|them|that|this|any|all|one|package|packages|library|libraries|header|headers|path|paths|dependency|dependencies|source|sources|compiler|build|install|installed|command|matching|valid|requirement|requirements|distribution|function|symbol|attribute|class|tool|tools|program|executable|configuration|config|file|following|for|in|on|of|to|not|no|be|is|are|also|you|your|sure|have|using|from|with|and|or|if|which|pip|conda|apt|apt-get|brew|wheel|metadata|license|readme)$/i;

/** Advice for Debian names a package outright; but the headers of Debian's own Python are not those of the image's. */
const DEBIAN_PACKAGE = /\b(?!python)(lib[a-z0-9][a-z0-9+.-]*-dev|[a-z0-9][a-z0-9+.-]*[a-z0-9]-dev)\b/;

/** The file itself, after what it is of: `GEOS (geos-config) not found`, `libham headers (ham.h)`. */
const IN_BRACKETS = /\(([a-z][\w-]*-config|[\w/.+-]+\.h(?:pp)?)\)/;

const NOT_ON_PATH =
  /\bwithout [`'"]?([A-Za-z][\w.+-]*)[`'"]? (?:in|on) (?:the |your |\$)?PATH\b|\b([A-Za-z][\w.+-]*)[`'"]? (?:is|was) not (?:found )?(?:in|on) (?:the |your |\$)?PATH\b/;

/** Only programs are looked for there. */
const ON_PATH = /\b(?:in|to|on) (?:the |your |\$)?PATH\b/;

function read(line: string): { part: MissingPart } | undefined {
  const advised = DEBIAN_PACKAGE.exec(line)?.[1];
  if (advised !== undefined) return { part: { kind: 'package', name: advised } };
  const [, exact] = IN_BRACKETS.exec(line) ?? [];
  if (exact !== undefined) return { part: partOf(exact, '') };
  const [, without, absent] = NOT_ON_PATH.exec(line) ?? [];
  const program = without ?? absent ?? '';
  if (program !== '' && !NO_NAME.test(program)) return { part: partOf(program, 'program') };
  for (const form of [NOT_FOUND, IS_MISSING, PLEASE_INSTALL]) {
    const [, name = '', noun = ''] = form.exec(line) ?? [];
    if (name === '' || NO_NAME.test(name) || /^(?:lib)?python[\d.]*$/i.test(name)) continue;
    if (noun === '' && form !== NOT_FOUND && /^[a-z]+$/.test(name) && name.length < 3) continue;
    return { part: partOf(name, noun === '' && ON_PATH.test(line) ? 'program' : noun) };
  }
  return undefined;
}

function partOf(name: string, noun: string): MissingPart {
  if (/\.h(?:pp|h|xx)?$/.test(name)) return { kind: 'header', name };
  if (/executable|program|binary|command|utility|tool|script/i.test(noun) || /-config$|_config$/.test(name))
    return { kind: 'tool', name: /^[A-Z][a-z]+$/.test(name) ? name.toLowerCase() : name };
  const soname = /^(lib[\w+-]+)\.so/.exec(name);
  if (soname?.[1] !== undefined) return { kind: 'library', name: soname[1].slice(3) };
  return { kind: 'cmake', name, loose: true };
}

function refine([line]: RegExpExecArray, gaveUp: boolean, phase: Phase | undefined): Partial<Finding> | 'ignore' {
  if (line === undefined || GIVES_UP.test(line) !== gaveUp || GOES_ON.test(line)) return 'ignore';
  // The loader's own words are exact.
  if (/cannot open shared object file|version [`'"](?:GLIBC|CXXABI)/.test(line)) return 'ignore';
  const found = read(line);
  if (found === undefined) return 'ignore';
  // In a log from elsewhere, that is what has found no other name.
  if (phase === 'test' || (phase === undefined && /^\s*(?:ImportError|OSError):/.test(line)))
    return missingAtImport(found.part);
  const { kind, name } = found.part;
  if (name.toLowerCase() === 'cmake') {
    return {
      class: 'missing-tool',
      cause: 'The build says that it needs CMake, which is not in the image.',
      edit: { toolchains: ['cmake'] },
      why: 'The cmake toolchain is a recent one.',
    };
  }
  if (/^cython(?:\.|$)/i.test(name)) {
    return {
      class: 'build-requirement',
      cause: 'The build says that it needs Cython, which is not among its declared build requirements.',
      edit: { requires: { additions: ['cython'] } },
      why: 'cython is a Python package; the project does not declare it.',
    };
  }
  const known = kind === 'tool' ? missingTool(name) : 'ignore';
  if (known !== 'ignore' && known.edit !== undefined) return known;
  const what = kind === 'header' ? 'missing-header' : kind === 'tool' ? 'missing-tool' : 'missing-library';
  return {
    class: what,
    cause:
      kind === 'package'
        ? `The build says that it needs ${name}, or what that package brings.`
        : `The build says that it does not find ${name}. The package that brings it, usually the library's development package, helps.`,
    missing: (known !== 'ignore' && known.missing) || [found.part],
  };
}

/** What a finished wheel looks for must be where it is installed; a development package in the builder changes nothing. */
function missingAtImport(part: MissingPart): Partial<Finding> {
  const library = part.kind === 'cmake' || part.kind === 'library';
  const sought: MissingPart = library
    ? { kind: 'soname', name: `lib${part.name.toLowerCase().replace(/^lib/, '')}`, loose: true }
    : part;
  return {
    class: 'missing-in-clean-image',
    cause: `The wheel looks for ${part.name} when it is imported, and an image without compilers does not have it. The consuming image must bring it.`,
    missing: [sought],
  };
}

const SENTENCE =
  /(?:could ?n[o']t|cannot|can't|can not|unable|failed|did ?n[o']t) (?:to )?(?:find|locate|load|detect)|not (?:be )?found|missing|not installed|not available|required to|needed to|must be installed|to install|please install|make sure|have you installed|do you have .*installed|(?:cannot|can't) (?:proceed|continue|build|work) without|cannot be (?:built|compiled) without|not (?:in|on) (?:the |your |\$)?PATH\b|to be installed/i;

const TOO_OLD =
  /(?:requires?|needs?|must be|is required|minimum (?:supported|required))\b.*?\d+\.\d.*?(?:or (?:later|newer|above|higher|greater)|and above|\+)|(?:requires?|needs?|must be|should be|found|is)\b.*?(?:>=|at least|minimum(?: version)?(?: is)?|newer than) ?v?\d+\.\d|(?:requires?|needs?)\b.*?\d\.[\dx].*?\b(?:but|only|however|got|found|have)\b.*?\d\.\d(?!.*incompatible)|\b(?:is|version) too old\b|\btoo old\b.*(?:version|librar)|[Mm]inimum (?:supported|required) .*version.* is|version .* is (?:older than|less than|lower than) (?:the )?(?:required|minimum|supported)/i;

const TOO_OLD_CAUSE =
  'The base has an older version of something than this release needs; the line says of what. No package of the same suite helps: an older release of the project, a newer target, or the library built first from a newer source package does.';

function hasGivenUp(line: string): boolean {
  return GIVES_UP.test(line) || /ERROR: Problem encountered/.test(line);
}

function refineTooOld([line = '']: RegExpExecArray): Partial<Finding> | 'ignore' {
  if (GOES_ON.test(line)) return 'ignore';
  // Old or absent, which a package settles.
  const name = /\b([A-Za-z][\w.+-]+) (?:library )?(?:is |version )?too old,? or (?:is )?(?:not|missing)/i.exec(
    line,
  )?.[1];
  if (name !== undefined) return { class: 'missing-library', missing: [{ kind: 'cmake', name, loose: true }] };
  if (/rustc|cargo|requires? python|python (?:version )?[<>=\d]|setuptools|\bpip\b|cython|numpy/i.test(line))
    return 'ignore';
  if (/\b(?:gcc|g\+\+|clang|compiler)\b/i.test(line)) {
    return {
      class: 'toolchain-missing',
      cause: `The project needs a newer compiler than the base has: ${line.trim()} A newer target, or an older release of the project, helps.`,
    };
  }
  return {};
}

/** What setup scripts and build files say in sentences of their own. */
export const sentenceRules: readonly Rule[] = [
  {
    match:
      /\b(?:GCC|gcc|g\+\+|[Cc]lang)\b(?: version)? (?:>= ?)?v?\d[\d.]*(?: or (?:newer|later|higher|above|greater)|\+)? (?:is |are )?(?:required|needed)|(?:requires?|needs?) (?:at least )?(?:GCC|gcc|g\+\+|[Cc]lang)\b.*\d/,
    weight: 'tool',
    class: 'toolchain-missing',
    cause: '',
    refine: refineTooOld,
  },
  {
    match: TOO_OLD,
    weight: 'dependency',
    class: 'library-too-old',
    cause: TOO_OLD_CAUSE,
    refine: (match) => (hasGivenUp(match[0]) ? refineTooOld(match) : 'ignore'),
  },
  {
    match:
      />= ?v?\d[\d.]* (?:is|are) (?:required|needed)|\b(?:requires?|needs?) .*?(?:>=|at least|newer than) ?v?\d[\d.]*,? (?:but )?(?:found|have|got|has|detected)\b(?!.*incompatible)|[Mm]inimum (?:supported|required) .*version.* is|version .* is (?:older|less|lower) than (?:the )?(?:required|minimum|supported)/,
    weight: 'sentence',
    class: 'library-too-old',
    cause: TOO_OLD_CAUSE,
    refine: refineTooOld,
  },
  {
    match: SENTENCE,
    weight: 'tool',
    class: 'missing-library',
    cause: '',
    refine: (match, { phase }) => refine(match, true, phase),
  },
  {
    match: SENTENCE,
    weight: 'sentence',
    class: 'missing-library',
    cause: '',
    refine: (match, { phase }) => refine(match, false, phase),
  },
];
