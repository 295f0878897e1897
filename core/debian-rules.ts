// How a distribution configures a library, from its packaging's debian/rules. Only read: that file is a makefile, and may run anything.

const ASSIGNMENT = /^(?:export\s+)?(\w+)\s*(\+|\?|::?)?=\s*(.*)$/;
/** Variables within variables; a makefile of someone's choice may have them without end. */
const MAX_DEPTH = 4;
/** Switches of CMake, meson and autotools that name no path. */
const SWITCH = /^(?:-D[\w-]+(?::[A-Z]+)?=[\w.+:;-]+|--(?:with|without|enable|disable)-[\w-]+(?:=[\w.+-]+)?)$/;
/** What only programs, bindings, tests and documents are made by, and what is settled otherwise. */
const NOT_THE_LIBRARY =
  /python|perl|ruby|java|php|lua|tcl|guile|qt|gtk|gui|doc|man\b|test|example|static|introspection|vapi|BUILD_TYPE|SHARED_LIBS|PREFIX|LIBDIR/i;
const TURNS_OFF = /=(?:off|no|false|0|disabled)$|^--(?:without|disable)-/i;

const CALL = /^\t.*\bdh_auto_configure\b.*? -- (.*)$/;

/** The switches that `dh_auto_configure` is given, of its last call where there are several; what cannot be read without running the file is left out. */
export function configureSwitches(rules: string): string[] {
  const lines = rules.replaceAll(/\\\n\s*/g, ' ').split('\n');
  const variables = new Map<string, string>();
  for (const line of lines) {
    const [, name = '', operator, value = ''] = ASSIGNMENT.exec(line) ?? [];
    if (name !== '') variables.set(name, operator === '+' ? `${variables.get(name) ?? ''} ${value}` : value);
  }
  const expand = (text: string, depth: number): string =>
    text.replaceAll(/\$[({](\w+)[)}]/g, (whole, name: string) => {
      const value = variables.get(name);
      return value === undefined || depth === MAX_DEPTH ? whole : expand(value, depth + 1);
    });
  const [, given = ''] = lines.map((line) => CALL.exec(line)).findLast((call) => call !== null) ?? [];
  return expand(given, 0)
    .split(/\s+/)
    .filter((word) => SWITCH.test(word) && (TURNS_OFF.test(word) || !NOT_THE_LIBRARY.test(word)));
}
