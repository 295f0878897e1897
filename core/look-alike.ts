/** Characters that are taken for each other in the fonts that people read names in. Names are ASCII and normalised before they come here. */
const CONFUSABLE: readonly (readonly [RegExp, string])[] = [
  [/-/g, ''],
  [/[1i]/g, 'l'],
  [/0/g, 'o'],
  [/5/g, 's'],
  [/rn/g, 'm'],
  [/vv/g, 'w'],
];

/** Equal for two normalised project names that a person may take for each other, e.g. `acme-tool` and `acme-t00l` (the idea of UTS 39). */
export function nameSkeleton(project: string): string {
  return CONFUSABLE.reduce((name, [pattern, replacement]) => name.replaceAll(pattern, replacement), project);
}
