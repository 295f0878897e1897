/** What the service said against what a button did; nothing where it did not. */
export function ActionProblem({ problem }: { problem: string | undefined }) {
  return problem === undefined ? null : (
    <p class="problem" role="alert">
      {problem}
    </p>
  );
}
