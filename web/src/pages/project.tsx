export function ProjectPage({ name }: { name: string }) {
  return (
    <div class="page">
      <h1>Project</h1>
    </div>
  );
}
