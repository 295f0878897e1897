/** Characters that are taken for each other in the fonts that people read names in. Names are ASCII and normalised before they come here. */
const CONFUSABLE: readonly (readonly [RegExp, string])[] = [
  [/-/g, ''],
  [/[1i]/g, 'l'],
  [/0/g, 'o'],
  [/5/g, 's'],
  [/rn/g, 'm'],
  [/vv/g, 'w'],
];

/** The one among other names that a project's can be taken for; beginnings, which end in `-`, are no names. */
export function lookAlikeOf(project: string, others: readonly string[]): string | undefined {
  const skeleton = nameSkeleton(project);
  return others.find((name) => name !== project && !name.endsWith('-') && nameSkeleton(name) === skeleton);
}

/** Equal for two normalised project names that a person may take for each other, e.g. `acme-tool` and `acme-t00l` (the idea of UTS 39). */
export function nameSkeleton(project: string): string {
  return CONFUSABLE.reduce((name, [pattern, replacement]) => name.replaceAll(pattern, replacement), project);
}
