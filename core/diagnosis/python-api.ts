// Older forms of CPython's C API that have a successor which does the same with the same arguments, so that sources can be rewritten without being understood.
import type { Finding } from './rule.js';

/**
 * Functions and macros that CPython up to 3.13 dropped, and those that came in their place ("What's New in Python", porting notes of the C API). What takes other
 * arguments now, and what came after Python 3.9, which a recipe may be for as well, is not among them. With PyUnicode_FromUnicode() and PyUnicode_GetSize() the
 * characters and their number are the same where wchar_t has 32 bits, as on Linux.
 */
const SUCCESSORS: Readonly<Record<string, string>> = {
  PyCFunction_Call: 'PyObject_Call',
  PyEval_CallFunction: 'PyObject_CallFunction',
  PyEval_CallMethod: 'PyObject_CallMethod',
  PyEval_CallObject: 'PyObject_CallObject',
  PyUnicode_FromUnicode: 'PyUnicode_FromWideChar',
  PyUnicode_GET_SIZE: 'PyUnicode_GET_LENGTH',
  PyUnicode_GetSize: 'PyUnicode_GetLength',
  _PyGC_FINALIZED: 'PyObject_GC_IsFinalized',
  _PyInterpreterState_Get: 'PyInterpreterState_Get',
  _PyObject_CallNoArg: 'PyObject_CallNoArgs',
  _PyObject_GC_TRACK: 'PyObject_GC_Track',
  _PyObject_GC_UNTRACK: 'PyObject_GC_UnTrack',
};

/**
 * What Python 3.13 changed, and earlier ones that a recipe may be for as well have only as it was: the macro that stands for it in sources, and what that is from 3.13 on.
 * _PyLong_AsByteArray() takes one argument more, whether errors are raised, as they were before. The trashcan is told the deallocator that it is in, which Py_TRASHCAN_SAFE_BEGIN() took to be the type's.
 */
const SINCE_3_13: Readonly<Record<string, { macro: string; parameters?: string; now: string }>> = {
  _PyLong_AsByteArray: {
    macro: 'LONG_AS_BYTES',
    parameters: '(v, b, n, l, s, ...)',
    now: '_PyLong_AsByteArray(v, b, n, l, s, 1)',
  },
  _PyErr_WriteUnraisableMsg: {
    macro: 'WRITE_UNRAISABLE',
    parameters: '(m, o)',
    now: '((o) ? PyErr_FormatUnraisable("Exception ignored %s: %R", m, o) : PyErr_FormatUnraisable("Exception ignored %s", m))',
  },
  Py_TRASHCAN_SAFE_BEGIN: {
    macro: 'TRASHCAN_BEGIN',
    parameters: '(o)',
    now: 'Py_TRASHCAN_BEGIN(o, Py_TYPE(o)->tp_dealloc)',
  },
  Py_TRASHCAN_SAFE_END: { macro: 'TRASHCAN_END', parameters: '(o)', now: 'Py_TRASHCAN_END' },
  _PyArg_NoKeywords: {
    macro: 'NO_KEYWORDS',
    parameters: '(f, k)',
    now: '(!(k) || PyObject_Size(k) == 0 || (PyErr_Format(PyExc_TypeError, "%s() takes no keyword arguments", f), 0))',
  },
  _PyDict_SetItem_KnownHash: { macro: 'SET_HASHED', parameters: '(d, k, v, h)', now: 'PyDict_SetItem(d, k, v)' },
  _PyLong_AsInt: { macro: 'LONG_AS_INT', now: 'PyLong_AsInt' },
  _Py_IsFinalizing: { macro: 'IS_FINALIZING', now: 'Py_IsFinalizing' },
};

/**
 * What Python 3.11 dropped, and the encoding. They encode an array of characters, which mostly is that of a string: there is a function for the whole string, and where the
 * characters come from elsewhere a string is made of them.
 */
const ENCODERS: Readonly<Record<string, { parameters: string; encoding: string }>> = {
  PyUnicode_EncodeUTF8: { parameters: 's, n, e', encoding: '"utf-8"' },
  PyUnicode_EncodeLatin1: { parameters: 's, n, e', encoding: '"latin-1"' },
  PyUnicode_EncodeASCII: { parameters: 's, n, e', encoding: '"ascii"' },
  PyUnicode_EncodeUTF16: {
    parameters: 's, n, e, order',
    encoding: '(order) < 0 ? "utf-16-le" : (order) > 0 ? "utf-16-be" : "utf-16"',
  },
};

const NAMES = [SUCCESSORS, SINCE_3_13, ENCODERS].flatMap((each) => Object.keys(each));

/** What {@link REWRITE_OLD_API} rewrites. */
export const USES_OLD_API = new RegExp(
  String.raw`\bPy_(?:TYPE|SIZE|REFCNT)\([^()]*\) *(?:[-+]?= *[^=;]|\+\+|--)|(?:\+\+|--) *Py_(?:SIZE|REFCNT)\(|\b(?:${NAMES.join('|')})\b`,
);

/** Who uses one of the older forms uses others as well, and a recipe has one script: all of them at once. */
export const REWRITE_OLD_API = `# Older forms of Python's C API, as it has them now.
find . -name '*.c' -o -name '*.h' -o -name '*.cc' -o -name '*.cpp' -o -name '*.cxx' -o -name '*.hpp' | while read -r source; do
  sed -zE -i 's/\\bPyUnicode_Encode(UTF8|Latin1|ASCII)\\(\\s*PyUnicode_(AS_UNICODE|AsUnicode)\\(([^()]*)\\),\\s*PyUnicode_(GET_SIZE|GetSize)\\(\\3\\),/PyUnicode_AsEncodedString(\\3, "\\1",/g' "$source"
  if grep -qE '\\b(${Object.keys(ENCODERS).join('|')})\\(' "$source" && ! grep -q '^#define PyUnicode_EncodeUTF8' "$source"; then
    sed -i -e '1i #include <patchlevel.h>' -e '1i #if PY_VERSION_HEX >= 0x030B0000' \\
${Object.entries(ENCODERS)
  .map(
    ([name, { parameters, encoding }]) =>
      `    -e '1i #define ${name}(${parameters}) ({ PyObject *text_ = PyUnicode_FromWideChar(s, n), *bytes_ = text_ ? PyUnicode_AsEncodedString(text_, ${encoding}, e) : 0; Py_XDECREF(text_); bytes_; })' \\\n`,
  )
  .join('')}    -e '1i #endif' "$source"
  fi
  # Python.h brings it by itself from Python 3.11 on, which moved it.
  sed -E -i 's/^ *# *include *["<]longintrepr\\.h[">].*/#if PY_VERSION_HEX < 0x030B0000\\n&\\n#endif/' "$source"
  sed -E -i \\
    -e 's/\\bPy_(TYPE|SIZE|REFCNT)\\(([^()]*)\\) *= *([^=;][^;]*);/Py_SET_\\1(\\2, \\3);/' \\
    -e 's/\\bPy_(SIZE|REFCNT)\\(([^()]*)\\) *([-+])= *([^;]+);/Py_SET_\\1(\\2, Py_\\1(\\2) \\3 (\\4));/' \\
    -e 's/(\\+|-)\\1 *Py_(SIZE|REFCNT)\\(([^()]*)\\);/Py_SET_\\2(\\3, Py_\\2(\\3) \\1 1);/' \\
    -e 's/\\bPy_(SIZE|REFCNT)\\(([^()]*)\\) *(\\+|-)\\3;/Py_SET_\\1(\\2, Py_\\1(\\2) \\3 1);/' \\
${Object.entries(SUCCESSORS)
  .map(([name, successor]) => `    -e 's/\\b${name}\\b/${successor}/g' \\\n`)
  .join('')}    "$source"
  grep -qE '\\b(${Object.keys(SINCE_3_13).join('|')})\\b' "$source" || continue
  ! grep -q '^#define LONG_AS_BYTES' "$source" || continue
  sed -i \\
${Object.entries(SINCE_3_13)
  .map(([name, { macro }]) => `    -e 's/\\b${name}\\b/${macro}/g' \\\n`)
  .join('')}    -e '1i #include <patchlevel.h>' -e '1i #if PY_VERSION_HEX >= 0x030D0000' \\
${Object.values(SINCE_3_13)
  .map(({ macro, parameters = '', now }) => `    -e '1i #define ${macro}${parameters} ${now}' \\\n`)
  .join('')}    -e '1i #else' \\
${Object.entries(SINCE_3_13)
  .map(([name, { macro }]) => `    -e '1i #define ${macro} ${name}' \\\n`)
  .join('')}    -e '1i #endif' "$source"
done
`;

/** The edit for code that uses the name, where {@link REWRITE_OLD_API} puts another in its place or calls it with the arguments that it takes now. */
export function rewritten(name: string): Partial<Finding> {
  return NAMES.includes(name)
    ? { edit: { prepare: REWRITE_OLD_API }, why: `${name} has a successor that does the same.`, guess: true }
    : {};
}
