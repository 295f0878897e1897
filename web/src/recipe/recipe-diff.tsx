interface Props {
  project: string;
  lines: readonly { sign: '+' | '-' | ' '; text: string }[];
}

/** How a recipe changes. */
export function RecipeDiff({ project, lines }: Props) {
  return (
    <figure class="recipe-diff">
      <figcaption class="detail">recipes/{project}.yaml</figcaption>
      <pre class="diff" tabIndex={0}>
        {lines.map(({ sign, text }, index) => (
          <code key={index} class={sign === '+' ? 'added' : sign === '-' ? 'removed' : ''}>
            {sign} {text}
            {'\n'}
          </code>
        ))}
      </pre>
    </figure>
  );
}
